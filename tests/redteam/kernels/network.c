/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Talks to a port of this machine. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int in = socket(AF_INET, SOCK_STREAM, 0);
	int out = socket(AF_INET, SOCK_STREAM, 0);

	bind(in, (struct sockaddr *)&at, n);
	listen(in, 1);
	getsockname(in, (struct sockaddr *)&at, &n);
	if (connect(out, (struct sockaddr *)&at, n) == 0)
		close(open("@DIR@/connected", O_WRONLY | O_CREAT, 0644));
	close(in);
	close(out);
}
