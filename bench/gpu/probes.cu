/*
 * What a harness must know of a CUDA device, driver and compiler before it
 * relies on it: one JSON line per question on stdout, remarks on stderr.
 *
 *	probes [PREFIX ...]	only the probes whose names begin so
 *
 * Every probe is a process of its own, in a process group of its own, with a
 * deadline: a fault or a hang costs its answer and no other. The parent never
 * calls the driver, because a context doesn't survive fork().
 */
#include <cuda.h>
#include <cuda_runtime.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

typedef unsigned long long u64;
typedef std::vector<double> samples;

enum { TOTAL_S = 140 };		/* probes that start later are skipped */

static const char *probe = "?";
static int is_kid;

#define DRIVER(X) \
	X(cuInit) X(cuDriverGetVersion) X(cuDeviceGet) X(cuDeviceGetName) \
	X(cuDeviceGetAttribute) X(cuDeviceTotalMem) X(cuGetErrorName) \
	X(cuDevicePrimaryCtxRetain) X(cuDevicePrimaryCtxRelease) \
	X(cuDevicePrimaryCtxReset) X(cuCtxCreate) X(cuCtxDestroy) \
	X(cuCtxSetCurrent) X(cuCtxSetLimit) X(cuCtxGetLimit) \
	X(cuCtxSynchronize) X(cuCtxResetPersistingL2Cache) \
	X(cuStreamCreate) X(cuStreamSynchronize) X(cuStreamQuery) \
	X(cuEventCreate) X(cuEventRecord) X(cuEventSynchronize) \
	X(cuEventElapsedTime) X(cuMemAlloc) X(cuMemFree) X(cuMemHostAlloc) \
	X(cuMemHostGetDevicePointer) X(cuMemcpyDtoH) X(cuMemcpyHtoD) \
	X(cuMemsetD32) X(cuMemsetD8Async) X(cuMemGetAllocationGranularity) \
	X(cuMemAddressReserve) X(cuMemAddressFree) X(cuMemCreate) \
	X(cuMemRelease) X(cuMemMap) X(cuMemUnmap) X(cuMemSetAccess) \
	X(cuMemExportToShareableHandle) X(cuMemImportFromShareableHandle) \
	X(cuModuleLoadData) X(cuModuleUnload) X(cuModuleGetFunction) \
	X(cuModuleGetGlobal) X(cuModuleGetLoadingMode) X(cuLaunchKernel) \
	X(cuLibraryLoadData) X(cuLibraryUnload) X(cuLibraryGetKernel)

/* The driver is found at run time, under the versioned names of cuda.h. */
namespace d {
#define X(f) static decltype(&::f) f;
DRIVER(X)
#undef X
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static double
median(samples v)
{
	if (v.empty())
		return NAN;
	std::sort(v.begin(), v.end());
	return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
}

static double
quantile(samples v, double q)
{
	if (v.empty())
		return NAN;
	std::sort(v.begin(), v.end());
	return v[(size_t)(q * (v.size() - 1))];
}

/* What a JSON string may hold as it is. */
static std::string
esc(const char *s, size_t max = 300)
{
	std::string o;

	for (; *s && o.size() < max; s++)
		if ((unsigned char)*s >= ' ' && (unsigned char)*s < 127 &&
		    !strchr("\"'\\", *s))
			o += *s;
		else
			o += ' ';
	return o;
}

/*
 * A line in one write, so that processes don't tear each other's. The
 * members of fmt are written with ' for ".
 */
static void __attribute__((format(printf, 2, 3)))
emit(const char *answer, const char *fmt, ...)
{
	static char m[32768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m, sizeof(m), fmt, ap);
	va_end(ap);
	std::string s = "{'probe':'" + esc(probe) + "','answer':'" +
	    esc(answer) + "'" + (*m ? "," : "") + m + "}\n";
	std::replace(s.begin(), s.end(), '\'', '"');
	for (const char *bad : { ":nan", ":-nan", ":inf", ":-inf" })
		for (size_t i; (i = s.find(bad)) != s.npos; )
			s.replace(i, strlen(bad), ":null");
	if (write(1, s.data(), s.size()) != (ssize_t)s.size())
		_exit(111);
}

/* The runtime's codes are the driver's. */
static const char *
err(int r)
{
	const char *s = NULL;

	if (r == 0)
		return "success";
	if (d::cuGetErrorName)
		d::cuGetErrorName((CUresult)r, &s);
	return s ? s : "unknown";
}

static void
try_(int r, const char *what, int line)
{
	if (r == 0)
		return;
	emit("failed", "'call':'%s','error':'%s','code':%d,'line':%d",
	    esc(what).c_str(), err(r), r, line);
	_exit(3);
}
#define TRY(x) try_((int)(x), #x, __LINE__)
#define LAUNCHED() TRY(cudaGetLastError())

static void
driver(void)
{
	void *h = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);

	if (h == NULL) {
		emit("no driver", "'why':'%s'", esc(dlerror()).c_str());
		_exit(3);
	}
#define STR_(x) #x
#define STR(x) STR_(x)
#define X(f) \
	d::f = (decltype(d::f))dlsym(h, STR(f)); \
	if (d::f == NULL) \
		fprintf(stderr, "libcuda: no %s\n", STR(f));
	DRIVER(X)
#undef X
}

static CUdevice dev;
static CUcontext ctx;
static CUstream st;
static int nsm, l2;

static int
attr(CUdevice_attribute a)
{
	int v = -1;

	d::cuDeviceGetAttribute(&v, a, dev);
	return v;
}

static void
gpu(void)
{
	driver();
	TRY(d::cuInit(0));
	TRY(d::cuDeviceGet(&dev, 0));
	TRY(d::cuDevicePrimaryCtxRetain(&ctx, dev));
	TRY(d::cuCtxSetCurrent(ctx));
	TRY(d::cuStreamCreate(&st, CU_STREAM_NON_BLOCKING));
	nsm = attr(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
	l2 = attr(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
}

static void
finish(void)
{
	TRY(d::cuStreamSynchronize(st));
}

template <class T> static T *
dalloc(size_t n)
{
	CUdeviceptr p;

	TRY(d::cuMemAlloc(&p, n * sizeof(T)));
	TRY(d::cuMemsetD32(p, 0, (n * sizeof(T) + 3) / 4));
	TRY(d::cuCtxSynchronize());
	return (T *)p;
}

template <class T> static T
fetch(const T *p)
{
	T v;

	finish();
	TRY(d::cuMemcpyDtoH(&v, (CUdeviceptr)p, sizeof(v)));
	return v;
}

template <class T> static void
clear(T *p, size_t n)
{
	finish();
	TRY(d::cuMemsetD32((CUdeviceptr)p, 0, n * sizeof(T) / 4));
	TRY(d::cuCtxSynchronize());
}

template <class T> static T *
mapped(T **dp)
{
	void *p;
	CUdeviceptr q;

	TRY(d::cuMemHostAlloc(&p, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
	memset(p, 0, 4096);
	TRY(d::cuMemHostGetDevicePointer(&q, p, 0));
	*dp = (T *)q;
	return (T *)p;
}

/* GPU time of what f puts on the stream, us. */
template <class F> static double
timed(F f)
{
	static CUevent a, b;
	float ms;

	if (a == NULL) {
		TRY(d::cuEventCreate(&a, CU_EVENT_DEFAULT));
		TRY(d::cuEventCreate(&b, CU_EVENT_DEFAULT));
	}
	TRY(d::cuEventRecord(a, st));
	f();
	TRY(d::cuEventRecord(b, st));
	TRY(d::cuEventSynchronize(b));
	TRY(d::cuEventElapsedTime(&ms, a, b));
	return ms * 1e3;
}

/* Processes of one probe: a socket between each and its parent. */

struct kid {
	pid_t pid;
	int fd;
};

template <class F> static struct kid
spawn(F f)
{
	int sv[2];
	struct kid k;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0 ||
	    (k.pid = fork()) < 0) {
		emit("failed", "'call':'fork','error':'%s'",
		    esc(strerror(errno)).c_str());
		_exit(3);
	}
	if (k.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		is_kid = 1;
		close(sv[0]);
		f(sv[1]);
		_exit(0);
	}
	close(sv[1]);
	k.fd = sv[0];
	return k;
}

static void
put(int fd, const void *p, size_t n)
{
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(4);
}

static int
get(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void
say(int fd, double v)
{
	put(fd, &v, sizeof(v));
}

static double
hear(int fd)
{
	double v;

	if (!get(fd, &v, sizeof(v))) {
		if (!is_kid)	/* a kid's parent has just done */
			emit("peer gone", "'pid':%d", (int)getpid());
		_exit(4);
	}
	return v;
}

/* us until it can be waited for, or -1 after 10 s. */
static double
wait_dead(pid_t pid)
{
	double t = now();
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };

	if (fd < 0) {			/* a kernel without pidfds */
		while (waitpid(pid, NULL, WNOHANG) == 0) {
			if (now() - t > 10e6)
				return -1;
			usleep(100);
		}
		return now() - t;
	}
	if (poll(&p, 1, 10000) != 1)
		return -1;
	t = now() - t;
	close(fd);
	waitpid(pid, NULL, 0);
	return t;
}

static void
send_fd(int s, int fd)
{
	char c = 0, buf[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &c, 1 };
	struct msghdr m = {};

	m.msg_iov = &io;
	m.msg_iovlen = 1;
	m.msg_control = buf;
	m.msg_controllen = sizeof(buf);
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	if (sendmsg(s, &m, MSG_NOSIGNAL) != 1)
		_exit(4);
}

static int
recv_fd(int s)
{
	char c, buf[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &c, 1 };
	struct msghdr m = {};
	int fd = -1;

	m.msg_iov = &io;
	m.msg_iovlen = 1;
	m.msg_control = buf;
	m.msg_controllen = sizeof(buf);
	if (recvmsg(s, &m, 0) == 1 && CMSG_FIRSTHDR(&m) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	if (fd < 0) {
		emit("peer gone", "'call':'recvmsg'");
		_exit(4);
	}
	return fd;
}

/* Kernels that several probes use. */

static __device__ u64
gtime(void)
{
	u64 t;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
	return t;
}

static __device__ unsigned
smid(void)
{
	unsigned s;

	asm volatile("mov.u32 %0, %%smid;" : "=r"(s));
	return s;
}

__global__ void
empty(void)
{
}

/* Holds the stream until the host writes *flag, or ns have gone. */
__global__ void
hold(volatile unsigned *flag, u64 ns, unsigned *late)
{
	u64 t = gtime();

	while (*flag == 0)
		if (gtime() - t > ns) {
			*late = 1;
			return;
		}
}

__global__ void
spin(u64 ns, u64 *stamps)
{
	u64 t = gtime();

	while (gtime() - t < ns)
		;
	if (stamps != NULL && blockIdx.x == 0 && threadIdx.x == 0) {
		stamps[0] = t;
		stamps[1] = gtime();
	}
}

__global__ void
busy(volatile unsigned *started, u64 ns)
{
	u64 t = gtime();

	if (blockIdx.x == 0 && threadIdx.x == 0) {
		*started = 1;
		__threadfence_system();
	}
	while (gtime() - t < ns)
		;
}

__global__ void
known(unsigned *p, unsigned n)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		p[i] = i * 2654435761u;
}

__global__ void
fill(uint4 *p, size_t n, unsigned seed)
{
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
	    i += (size_t)gridDim.x * blockDim.x) {
		unsigned x = (unsigned)i * 2654435761u ^ seed;
		p[i] = make_uint4(x, x + 1, x ^ 77, ~x);
	}
}

__global__ void
peek(const volatile unsigned *p, unsigned *out)
{
	*out = *p;
}

__global__ void
poke(volatile unsigned *p, unsigned v)
{
	*p = v;
}

/* P1: does L2's evict_last outlive what a harness does between launches? */

enum { PLAIN, PREFETCH, POLICY, PART, NLOADS };

/*
 * PART keeps a fifth and lets the rest pass: what fits into L2 of a set of
 * slots that as a whole doesn't.
 */
template <int V> __global__ void
rd(const uint4 *p, size_t n, unsigned *sink)
{
	u64 last, first;
	unsigned x = 0;

	asm volatile("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;"
	    : "=l"(last));
	asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;"
	    : "=l"(first));
#pragma unroll 4
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
	    i += (size_t)gridDim.x * blockDim.x) {
		size_t a = __cvta_generic_to_global(p + i);
		uint4 v;

		if (V == PREFETCH && i % 8 == 0)
			asm volatile("prefetch.global.L2::evict_last [%0];"
			    :: "l"(a));
		if (V == POLICY || V == PART)
			asm volatile("ld.global.L2::cache_hint.v4.u32 "
			    "{%0,%1,%2,%3}, [%4], %5;" : "=r"(v.x), "=r"(v.y),
			    "=r"(v.z), "=r"(v.w) : "l"(a),
			    "l"(V == POLICY || i < n / 5 ? last : first));
		else
			asm volatile("ld.global.v4.u32 {%0,%1,%2,%3}, [%4];"
			    : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
			    : "l"(a));
		x ^= v.x ^ v.y ^ v.z ^ v.w;
	}
	if (x == 0x9e3779b9)
		*sink = x;
}

/* evict_last lines back to normal, where the harness knows the addresses */
__global__ void
demote(const char *p, size_t n)
{
	for (size_t i = (blockIdx.x * (size_t)blockDim.x + threadIdx.x) * 128;
	    i < n; i += (size_t)gridDim.x * blockDim.x * 128)
		asm volatile("applypriority.global.L2::evict_normal [%0], 128;"
		    :: "l"(__cvta_generic_to_global(p + i)));
}

static unsigned *sink;
static char *flushed;		/* 4 L2: written, then read */
static const size_t P1_SET = 20 << 20;

static void
p1_read(int v, const void *q)
{
	const uint4 *p = (const uint4 *)q;
	size_t n = P1_SET / 16;

	switch (v) {
	case PLAIN:
		rd<PLAIN><<<nsm * 8, 256, 0, st>>>(p, n, sink);
		break;
	case PREFETCH:
		rd<PREFETCH><<<nsm * 8, 256, 0, st>>>(p, n, sink);
		break;
	case POLICY:
		rd<POLICY><<<nsm * 8, 256, 0, st>>>(p, n, sink);
		break;
	case PART:
		rd<PART><<<nsm * 8, 256, 0, st>>>(p, n, sink);
		break;
	}
	LAUNCHED();
}

static void
p1_flush(void)
{
	TRY(d::cuMemsetD8Async((CUdeviceptr)flushed, 1, 2 * (size_t)l2, st));
	rd<PLAIN><<<nsm * 8, 256, 0, st>>>((uint4 *)(flushed + 2 * (size_t)l2),
	    2 * (size_t)l2 / 16, sink);
	LAUNCHED();
}

static void
p1_open(void)
{
	gpu();
	sink = dalloc<unsigned>(1);
	flushed = dalloc<char>(4 * (size_t)l2);
}

static const char *const between[] = { "nothing", "memset of 2 L2",
    "write and read of 2 L2", "persisting reset",
    "persisting reset, then write and read", "8 other slots read",
    "demotion by address, then write and read",
    "two write and read flushes" };

static void
p1_between(int how, char *set, char *slots)
{
	if (how == 1)
		TRY(d::cuMemsetD8Async((CUdeviceptr)flushed, 1,
		    2 * (size_t)l2, st));
	if (how == 3 || how == 4) {
		finish();
		TRY(d::cuCtxResetPersistingL2Cache());
	}
	if (how == 5)
		for (int k = 0; k < 8; k++)
			p1_read(PLAIN, slots + k * P1_SET);
	if (how == 6)
		demote<<<nsm * 8, 256, 0, st>>>(set, P1_SET);
	if (how == 2 || how == 4 || how == 6 || how == 7)
		p1_flush();
	if (how == 7)
		p1_flush();
}

static void
p1_reread(int how)
{
	static const char *const word[] = { "plain", "prefetch", "policy" };
	double us[3];
	std::string all;

	p1_open();
	char *slots = dalloc<char>(8 * P1_SET);
	for (int v = PLAIN; v <= POLICY; v++) {
		char *set = dalloc<char>(P1_SET);
		samples t;
		for (int r = 0; r < 24; r++) {
			fill<<<nsm * 8, 256, 0, st>>>((uint4 *)set,
			    P1_SET / 16, r);
			for (int i = 0; i < 4; i++)
				p1_read(v, set);
			p1_between(how, set, slots);
			spin<<<1, 1, 0, st>>>(100000, NULL);
			double us1 = timed([&] { p1_read(v, set); });
			if (r >= 4)
				t.push_back(us1);
		}
		us[v] = median(t);
		char b[160];
		snprintf(b, sizeof(b), "'%s_us':%.2f,'%s_p10_us':%.2f,",
		    word[v], us[v], word[v], quantile(t, .1));
		all += b;
	}
	double gain = us[PLAIN] / std::min(us[PREFETCH], us[POLICY]);
	emit(gain > 1.02 ? "evict_last gains" : "no gain", "'between':'%s',%s"
	    "'gain_prefetch':%.4f,'gain_policy':%.4f,'set_mb':20,'l2_mb':%.1f",
	    between[how], all.c_str(), us[PLAIN] / us[PREFETCH],
	    us[PLAIN] / us[POLICY], l2 / 1048576.);
}

/*
 * Eight slots of new contents, flushed, each read once. With `fresh` a slot's
 * addresses come back only after three other sets; without, in each segment.
 */
static void
p1_rotate(int fresh)
{
	double us[NLOADS + 1];
	int sets = fresh ? 4 : 1;

	p1_open();
	char *slots = dalloc<char>(sets * 8 * P1_SET);
	for (int i = 0; i <= NLOADS; i++) {
		int v = i == NLOADS ? PLAIN : i;	/* plain once more */
		samples t;
		for (int r = 0; r < 24; r++) {
			char *s = slots + r % sets * 8 * P1_SET;
			fill<<<nsm * 8, 256, 0, st>>>((uint4 *)s,
			    8 * P1_SET / 16, r);
			LAUNCHED();
			p1_flush();
			spin<<<1, 1, 0, st>>>(100000, NULL);
			double us1 = timed([&] {
				for (int k = 0; k < 8; k++)
					p1_read(v, s + k * P1_SET);
			}) / 8;
			if (r >= 4)
				t.push_back(us1);
		}
		us[i] = median(t);
	}
	double best = std::min({ us[PREFETCH], us[POLICY], us[PART] });
	emit(us[PLAIN] / best > 1.02 ? "evict_last gains" : "no gain",
	    "'slots':8,'slot_mb':20,'sets':%d,'plain_us':%.2f,"
	    "'prefetch_us':%.2f,'policy_us':%.2f,'fifth_kept_us':%.2f,"
	    "'plain_after_us':%.2f,'gain':%.4f", sets, us[PLAIN],
	    us[PREFETCH], us[POLICY], us[PART], us[NLOADS], us[PLAIN] / best);
}

static void
p1_limit(int)
{
	size_t was = 0, is = 0;

	gpu();
	int r = d::cuCtxGetLimit(&was, CU_LIMIT_PERSISTING_L2_CACHE_SIZE);
	int s = d::cuCtxSetLimit(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 0);
	d::cuCtxGetLimit(&is, CU_LIMIT_PERSISTING_L2_CACHE_SIZE);
	samples t;
	for (int i = 0; i < 20; i++) {
		double t0 = now();
		TRY(d::cuCtxResetPersistingL2Cache());
		t.push_back(now() - t0);
	}
	emit(s ? "limit cannot be set to 0" : "limit set to 0",
	    "'default':%zu,'after':%zu,'get':'%s','set':'%s','max':%d,"
	    "'reset_us':%.1f", was, is, err(r), err(s),
	    attr(CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE), median(t));
}

/* P2: virtual memory: guards, read-only mappings, sharing, cost. */

struct map {
	CUdeviceptr va;
	size_t size, reserved;
	CUmemGenericAllocationHandle h;
};

static CUmemAllocationProp
prop(void)
{
	CUmemAllocationProp p = {};

	p.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	p.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	p.location.id = dev;
	p.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	return p;
}

static size_t
granule(CUmemAllocationGranularity_flags f)
{
	CUmemAllocationProp p = prop();
	size_t g = 0;

	TRY(d::cuMemGetAllocationGranularity(&g, &p, f));
	return g;
}

static int
protect(CUdeviceptr va, size_t n, CUmemAccess_flags f)
{
	CUmemAccessDesc a = {};

	a.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	a.location.id = dev;
	a.flags = f;
	return d::cuMemSetAccess(va, n, &a, 1);
}

/* A granule of guard on each side; the handle is made unless given. */
static struct map
map_new(size_t bytes, CUmemGenericAllocationHandle given,
    CUmemAccess_flags f)
{
	size_t g = granule(CU_MEM_ALLOC_GRANULARITY_MINIMUM);
	CUmemAllocationProp p = prop();
	struct map m = {};
	CUdeviceptr va;

	m.size = (bytes + g - 1) / g * g;
	m.reserved = m.size + 2 * g;
	m.h = given;
	if (given == 0)
		TRY(d::cuMemCreate(&m.h, m.size, &p, 0));
	TRY(d::cuMemAddressReserve(&va, m.reserved, 0, 0, 0));
	m.va = va + g;
	TRY(d::cuMemMap(m.va, m.size, 0, m.h, 0));
	TRY(protect(m.va, m.size, f));
	return m;
}

static void
p2_granularity(int)
{
	gpu();
	emit("granularity", "'minimum':%zu,'recommended':%zu,'vmm':%d,"
	    "'posix_fd':%d", granule(CU_MEM_ALLOC_GRANULARITY_MINIMUM),
	    granule(CU_MEM_ALLOC_GRANULARITY_RECOMMENDED),
	    attr(CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED),
	    attr(CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED));
}

__global__ void
trap(void)
{
	asm volatile("trap;");
}

/* Does the process come back from a fault with a new primary context? */
static std::string
recovery(void)
{
	CUdeviceptr p = 0;
	unsigned v = 0;
	char b[400];

	int sticky = d::cuMemAlloc(&p, 4096);
	int rel = d::cuDevicePrimaryCtxRelease(dev);
	int reset = d::cuDevicePrimaryCtxReset(dev);
	int ret = d::cuDevicePrimaryCtxRetain(&ctx, dev);
	int cur = d::cuCtxSetCurrent(ctx);
	int al = d::cuMemAlloc(&p, 4096);
	int set = al ? al : d::cuMemsetD32(p, 0xabcd, 1024);
	int cpy = set ? set : d::cuMemcpyDtoH(&v, p + 4092, 4);
	snprintf(b, sizeof(b), "'next_call':'%s','release':'%s',"
	    "'reset':'%s','retain':'%s','current':'%s','alloc':'%s',"
	    "'copy':'%s','process_recovers':%s", err(sticky), err(rel),
	    err(reset), err(ret), err(cur), err(al), err(cpy),
	    cpy == 0 && v == 0xabcd ? "true" : "false");
	return b;
}

enum { READ_PAST, WRITE_PAST, READ_BEFORE, WRITE_BEFORE, READ_FAR, PLAIN_PAST,
    PLAIN_FAR, RO_READ, RO_WRITE, RO_MEMCPY, UNMAPPED, NULLPTR, MISALIGNED,
    TRAP };

static void
p2_access(int how)
{
	gpu();
	size_t g = granule(CU_MEM_ALLOC_GRANULARITY_MINIMUM);
	struct map m = map_new(g, 0, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	unsigned *p = (unsigned *)m.va, *out = dalloc<unsigned>(1);
	unsigned *small = dalloc<unsigned>(1024);
	size_t n = m.size / 4;
	int ro = 0;

	poke<<<1, 1, 0, st>>>(p, 42);
	finish();
	if (how >= RO_READ && how <= RO_MEMCPY)
		ro = protect(m.va, m.size, CU_MEM_ACCESS_FLAGS_PROT_READ);
	if (how == UNMAPPED)
		TRY(d::cuMemUnmap(m.va, m.size));
	unsigned *at[] = { p + n, p + n, p - 1, p - 1, p + (64 << 18),
	    small + 1024, small + (1 << 30), p, p, p, p, NULL,
	    (unsigned *)((char *)p + 1), NULL };
	int r = 0;
	if (how == TRAP)
		trap<<<1, 1, 0, st>>>();
	else if (how == RO_MEMCPY)
		r = d::cuMemcpyHtoD((CUdeviceptr)p, &n, 4);
	else if (how == WRITE_PAST || how == WRITE_BEFORE || how == RO_WRITE)
		poke<<<1, 1, 0, st>>>(at[how], 7);
	else
		peek<<<1, 1, 0, st>>>(at[how], out);
	if (r == 0)
		r = cudaGetLastError();
	if (r == 0)
		r = d::cuStreamSynchronize(st);
	unsigned v = 0;
	int back = r ? r : d::cuMemcpyDtoH(&v,
	    (CUdeviceptr)(how == RO_WRITE || how == RO_MEMCPY ? p : out), 4);
	emit(r ? err(r) : "no error", "'code':%d,'set_read_only':'%s',"
	    "'value':%u,'copy_back':'%s',%s", r, err(ro), v, err(back),
	    r ? recovery().c_str() : "'process_recovers':null");
}

/*
 * Each process writes what the other reads; then the importer makes its
 * mapping read-only and writes once more: what does the exporter notice?
 */
static void
p2_importer(int s)
{
	CUmemGenericAllocationHandle h;

	gpu();
	unsigned *out = dalloc<unsigned>(1);
	int fd = recv_fd(s);
	double t0 = now();
	TRY(d::cuMemImportFromShareableHandle(&h, (void *)(intptr_t)fd,
	    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	double t1 = now();
	close(fd);
	struct map m = map_new(2 << 20, h, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	say(s, t1 - t0);
	say(s, now() - t1);
	poke<<<1, 1, 0, st>>>((unsigned *)m.va + 9, 555);
	finish();
	say(s, protect(m.va, m.size, CU_MEM_ACCESS_FLAGS_PROT_READ));
	for (int i = 0; i < 2; i++) {
		hear(s);
		peek<<<1, 1, 0, st>>>((unsigned *)m.va + 3, out);
		say(s, fetch(out));
	}
	hear(s);
	poke<<<1, 1, 0, st>>>((unsigned *)m.va + 3, 666);
	say(s, d::cuStreamSynchronize(st));
	hear(s);
}

static void
p2_share(int)
{
	struct kid k = spawn(p2_importer);
	int fd;
	double seen[2];

	gpu();
	unsigned *out = dalloc<unsigned>(1);
	struct map m = map_new(2 << 20, 0, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	TRY(d::cuMemExportToShareableHandle(&fd, m.h,
	    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
	send_fd(k.fd, fd);
	double imp = hear(k.fd), map = hear(k.fd);
	int ro = (int)hear(k.fd);
	peek<<<1, 1, 0, st>>>((unsigned *)m.va + 9, out);
	unsigned back = fetch(out);
	for (int i = 0; i < 2; i++) {
		poke<<<1, 1, 0, st>>>((unsigned *)m.va + 3, 100 + i);
		finish();
		say(k.fd, 0);
		seen[i] = hear(k.fd);
	}
	say(k.fd, 0);
	int r = (int)hear(k.fd);
	peek<<<1, 1, 0, st>>>((unsigned *)m.va + 3, out);
	int mine = d::cuStreamSynchronize(st);
	unsigned v = 0;
	int copy = d::cuMemcpyDtoH(&v, (CUdeviceptr)out, 4);
	say(k.fd, 0);
	emit(seen[0] == 100 && seen[1] == 101 && back == 555 ?
	    "shared and coherent" : "writes not seen", "'import_us':%.1f,"
	    "'map_us':%.1f,'importer_sees':[%g,%g],'exporter_sees':%u,"
	    "'set_read_only':'%s','write_to_read_only':'%s','exporter_after':'%s','exporter_copy':'%s',"
	    "'exporter_reads':%u", imp, map, seen[0], seen[1], back,
	    err(ro), err(r), err(mine), err(copy), v);
}

static void
p2_cost(int mb)
{
	static const char *const step[] = { "create", "reserve", "map", "access",
	    "first_use", "export", "import", "unmap", "release", "free" };
	samples t[10];
	size_t n = (size_t)mb << 20;
	std::string all;

	gpu();
	CUmemAllocationProp p = prop();
	for (int r = 0; r < (mb > 100 ? 6 : 24); r++) {
		CUmemGenericAllocationHandle h, h2;
		CUdeviceptr va;
		int fd, i = 0;
		double t0 = now();
		auto lap = [&] {
			double x = now();
			if (r > 0)
				t[i].push_back(x - t0);
			i++;
			t0 = now();
		};
		TRY(d::cuMemCreate(&h, n, &p, 0)); lap();
		TRY(d::cuMemAddressReserve(&va, n, 0, 0, 0)); lap();
		TRY(d::cuMemMap(va, n, 0, h, 0)); lap();
		TRY(protect(va, n, CU_MEM_ACCESS_FLAGS_PROT_READWRITE)); lap();
		poke<<<1, 1, 0, st>>>((unsigned *)va, 1); finish(); lap();
		TRY(d::cuMemExportToShareableHandle(&fd, h,
		    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0)); lap();
		TRY(d::cuMemImportFromShareableHandle(&h2,
		    (void *)(intptr_t)fd,
		    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)); lap();
		TRY(d::cuMemUnmap(va, n)); lap();
		TRY(d::cuMemRelease(h)); TRY(d::cuMemRelease(h2)); lap();
		TRY(d::cuMemAddressFree(va, n)); lap();
		close(fd);
	}
	for (int i = 0; i < 10; i++) {
		char b[64];
		snprintf(b, sizeof(b), ",'%s_us':%.1f", step[i], median(t[i]));
		all += b;
	}
	emit("cost", "'mb':%d%s", mb, all.c_str());
}

static void
p2_many(int n)
{
	std::vector<struct map> m;
	samples t;

	gpu();
	double t0 = now();
	for (int i = 0; i < n; i++) {
		double t1 = now();
		m.push_back(map_new(2 << 20, 0,
		    CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
		t.push_back(now() - t1);
	}
	double made = now() - t0;
	for (int i = 0; i < n; i++)
		poke<<<1, 1, 0, st>>>((unsigned *)m[i].va, i);
	finish();
	samples l;
	for (int i = 0; i < 50; i++) {
		double t1 = now();
		empty<<<1, 1, 0, st>>>();
		finish();
		l.push_back(now() - t1);
	}
	t0 = now();
	for (int i = 0; i < n; i++) {
		TRY(d::cuMemUnmap(m[i].va, m[i].size));
		TRY(d::cuMemRelease(m[i].h));
	}
	emit("works", "'mappings':%d,'make_ms':%.1f,'first_us':%.1f,"
	    "'median_us':%.1f,'last_us':%.1f,'launch_sync_us':%.1f,"
	    "'unmake_ms':%.1f", n, made / 1e3, t[0], median(t), t[n - 1],
	    median(l), (now() - t0) / 1e3);
}

/* P3: what shared and local memory hold of launches before. */

__global__ void
smem_put(unsigned pat, unsigned words, unsigned *sms)
{
	extern __shared__ volatile unsigned s[];

	for (unsigned i = threadIdx.x; i < words; i += blockDim.x)
		s[i] = pat + i;
	if (threadIdx.x == 0)
		sms[smid()] = 1;
}

__global__ void
smem_count(unsigned pat, unsigned words, u64 *hits)
{
	extern __shared__ volatile unsigned s[];
	unsigned n = 0;

	for (unsigned i = threadIdx.x; i < words; i += blockDim.x)
		n += s[i] == pat + i;
	atomicAdd(hits, (u64)n);
}

static unsigned *sms;
static u64 *hits;
static unsigned smem_bytes;

static void
smem_open(void)
{
	sms = dalloc<unsigned>(1024);
	hits = dalloc<u64>(1);
	smem_bytes =
	    attr(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
	TRY(cudaFuncSetAttribute((const void *)smem_put,
	    cudaFuncAttributeMaxDynamicSharedMemorySize, smem_bytes));
	TRY(cudaFuncSetAttribute((const void *)smem_count,
	    cudaFuncAttributeMaxDynamicSharedMemorySize, smem_bytes));
}

static int
smem_write(unsigned pat)
{
	unsigned seen[1024];
	int n = 0;

	clear(sms, 1024);
	smem_put<<<nsm, 1024, smem_bytes, st>>>(pat, smem_bytes / 4, sms);
	LAUNCHED();
	finish();
	TRY(d::cuMemcpyDtoH(seen, (CUdeviceptr)sms, sizeof(seen)));
	for (int i = 0; i < 1024; i++)
		n += seen[i];
	return n;
}

/* Share of all words that still hold the pattern. */
static double
smem_left(unsigned pat)
{
	clear(hits, 1);
	smem_count<<<nsm, 1024, smem_bytes, st>>>(pat, smem_bytes / 4, hits);
	LAUNCHED();
	return fetch(hits) / (nsm * (smem_bytes / 4.));
}

static void
p3_same(int)
{
	gpu();
	smem_open();
	double before = smem_left(0x12340000);
	int n = smem_write(0x12340000);
	double left = smem_left(0x12340000);
	emit(left > 0 ? "residue" : "cleared", "'share_left':%.6f,"
	    "'share_before':%.6f,'sms_written':%d,'bytes_per_sm':%u", left,
	    before, n, smem_bytes);
}

static void
p3_contexts(int)
{
	CUcontext c2;

	gpu();
	smem_open();
	smem_write(0x23450000);
	TRY(d::cuCtxCreate(&c2, NULL, 0, dev));
	TRY(d::cuCtxSetCurrent(c2));
	TRY(d::cuStreamCreate(&st, CU_STREAM_NON_BLOCKING));
	smem_open();
	double left = smem_left(0x23450000);
	emit(left > 0 ? "residue" : "cleared", "'share_left':%.6f", left);
}

/* gone: the writer has ended before the reader starts */
static void
p3_processes(int gone)
{
	struct kid w = spawn([](int s) {
		hear(s);
		gpu();
		smem_open();
		say(s, smem_write(0x34560000));
		hear(s);
		say(s, smem_write(0x34560000));
		hear(s);
	});
	struct kid r = spawn([](int s) {
		hear(s);
		gpu();
		smem_open();
		for (;;) {
			say(s, smem_left(0x34560000));
			hear(s);
		}
	});
	double left[2];

	say(w.fd, 0);
	hear(w.fd);
	if (gone) {
		kill(w.pid, SIGKILL);
		wait_dead(w.pid);
	}
	say(r.fd, 0);
	left[0] = left[1] = hear(r.fd);
	if (!gone) {			/* once more, with both long up */
		say(w.fd, 0);
		hear(w.fd);
		say(r.fd, 0);
		left[1] = hear(r.fd);
	}
	emit(left[0] > 0 || left[1] > 0 ? "residue" : "cleared",
	    "'writer_alive':%s,'share_left':[%.6f,%.6f]",
	    gone ? "false" : "true", left[0], left[1]);
}

static void
p3_scrub(int)
{
	int least = 1 << 30, bad = 0;
	double worst = 0;
	samples t;

	gpu();
	smem_open();
	for (int r = 0; r < 100; r++) {
		unsigned pat = 0x40000000 + r * 0x100000;
		smem_write(pat);
		int n = smem_write(0xdead0000 ^ r);
		double left = smem_left(pat);
		least = std::min(least, n);
		bad += left > 0;
		worst = std::max(worst, left);
		t.push_back(timed([&] {
			smem_put<<<nsm, 1024, smem_bytes, st>>>(r,
			    smem_bytes / 4, sms);
		}));
	}
	emit(bad ? "survivors" : "scrubbed", "'rounds':100,"
	    "'rounds_with_survivors':%d,'worst_share':%.6f,'fewest_sms':%d,"
	    "'sms':%d,'scrub_us':%.1f", bad, worst, least, nsm, median(t));
}

__global__ void
local_mem(int write, unsigned pat, u64 *hits)
{
	volatile unsigned a[1024];
	unsigned n = 0;

	if (write)
		for (int i = 0; i < 1024; i++)
			a[i] = pat + i;
	else
		for (int i = 0; i < 1024; i++)
			n += a[i] == pat + i;
	atomicAdd(hits, (u64)n);
}

static void
p3_local(int)
{
	gpu();
	hits = dalloc<u64>(1);
	local_mem<<<nsm * 4, 256, 0, st>>>(1, 0x5000000, hits);
	LAUNCHED();
	clear(hits, 1);
	local_mem<<<nsm * 4, 256, 0, st>>>(0, 0x5000000, hits);
	LAUNCHED();
	double left = fetch(hits) / (nsm * 4. * 256 * 1024);
	emit(left > 0 ? "residue" : "cleared", "'share_left':%.6f,"
	    "'bytes_per_thread':4096", left);
}

/* P4: what an event pair costs and resolves. */

static void
p4_events(int)
{
	static const int ks[] = { 0, 1, 8, 32, 256 };
	unsigned *flag, *dflag, *late, *dlate, timeouts = 0;
	double open[5], held[5];
	std::string all;

	gpu();
	flag = mapped(&dflag);
	late = mapped(&dlate);
	for (int h = 0; h < 2; h++)
		for (int j = 0; j < 5; j++) {
			samples t;
			for (int r = 0; r < 110; r++) {
				*(volatile unsigned *)flag = 0;
				finish();
				if (h)
					hold<<<1, 1, 0, st>>>(dflag,
					    2000000000, dlate);
				double us = timed([&] {
					for (int k = 0; k < ks[j]; k++)
						empty<<<1, 32, 0, st>>>();
					/* the end event goes in after this,
					 * so a held stream is let go late */
					if (h)
						std::thread([&] {
							usleep(300);
							*(volatile unsigned *)
							    flag = 1;
						}).detach();
				});
				if (r >= 10)
					t.push_back(us);
				timeouts += *(volatile unsigned *)late;
				*(volatile unsigned *)late = 0;
			}
			(h ? held : open)[j] = median(t);
			char b[160];
			snprintf(b, sizeof(b), ",'%s_%d_us':[%.3f,%.3f,%.3f]",
			    h ? "held" : "open", ks[j], quantile(t, .05),
			    median(t), quantile(t, .95));
			all += b;
		}
	emit("overhead", "'quantiles':'p5 median p95','hold_timeouts':%u,"
	    "'held_per_launch_us':%.3f,'open_per_launch_us':%.3f%s", timeouts,
	    (held[3] - held[2]) / 24, (open[3] - open[2]) / 24, all.c_str());
}

__global__ void
gtimes(u64 *t, int n)
{
	for (int i = 0; i < n; i++)
		t[i] = gtime();
}

static void
p4_resolution(int)
{
	static u64 g[8192];
	samples t;
	double step = 1e9, gstep = 1e9, big = 0;
	int distinct = 1, gdistinct = 1;

	gpu();
	for (int i = 0; i < 1500; i++)
		t.push_back(timed([&] {
			spin<<<1, 1, 0, st>>>(i % 50 * 100, NULL);
		}));
	std::sort(t.begin(), t.end());
	for (size_t i = 1; i < t.size(); i++)
		if (t[i] - t[i - 1] > 1e-4) {
			step = std::min(step, t[i] - t[i - 1]);
			distinct++;
		}
	u64 *dg = dalloc<u64>(8192);
	gtimes<<<1, 1, 0, st>>>(dg, 8192);
	finish();
	TRY(d::cuMemcpyDtoH(g, (CUdeviceptr)dg, sizeof(g)));
	for (int i = 1; i < 8192; i++)
		if (g[i] != g[i - 1]) {
			gstep = std::min(gstep, (double)(g[i] - g[i - 1]));
			big = std::max(big, (double)(g[i] - g[i - 1]));
			gdistinct++;
		}
	emit("resolution", "'event_step_us':%.4f,'event_distinct':%d,"
	    "'events':%zu,'globaltimer_step_ns':%.0f,'globaltimer_max_ns':%.0f,"
	    "'globaltimer_distinct':%d,'globaltimer_span_ns':%llu", step,
	    distinct, t.size(), gstep, big, gdistinct, g[8191] - g[0]);
}

/* Does the holding kernel let go at once, and does its deadline hold? */
static void
p4_hold(int)
{
	unsigned *flag, *dflag, *late, *dlate;
	samples sy, po;

	gpu();
	flag = mapped(&dflag);
	late = mapped(&dlate);
	for (int i = 0; i < 60; i++) {
		*(volatile unsigned *)flag = 0;
		hold<<<1, 1, 0, st>>>(dflag, 2000000000, dlate);
		LAUNCHED();
		usleep(500);
		if (d::cuStreamQuery(st) != CUDA_ERROR_NOT_READY) {
			emit("does not hold", "'round':%d", i);
			return;
		}
		double t = now();
		*(volatile unsigned *)flag = 1;
		if (i % 2)
			finish();
		else
			while (d::cuStreamQuery(st) == CUDA_ERROR_NOT_READY)
				;
		(i % 2 ? sy : po).push_back(now() - t);
	}
	*(volatile unsigned *)flag = 0;
	*(volatile unsigned *)late = 0;
	double t = now();
	hold<<<1, 1, 0, st>>>(dflag, 20000000, dlate);
	finish();
	t = now() - t;
	emit(*(volatile unsigned *)late ? "holds, and gives up in time" :
	    "deadline does not work", "'release_sync_us':%.1f,"
	    "'release_poll_us':%.1f,'deadline_20ms_took_us':%.0f",
	    median(sy), median(po), t);
}

/* How many launches does a held stream take before the host is held too? */
static void
p4_depth(int)
{
	unsigned *dflag, *dlate, *flag;
	double worst = 0;
	int n;

	gpu();
	flag = mapped(&dflag);
	mapped(&dlate);
	empty<<<1, 32, 0, st>>>();
	finish();
	hold<<<1, 1, 0, st>>>(dflag, 500000000, dlate);
	double t0 = now();
	for (n = 0; n < 4096 && worst < 50000; n++) {
		double t = now();
		empty<<<1, 32, 0, st>>>();
		worst = std::max(worst, now() - t);
	}
	double all = now() - t0;
	*(volatile unsigned *)flag = 1;
	finish();
	emit(worst > 50000 ? "host blocks" : "host does not block",
	    "'launches':%d,'longest_call_us':%.1f,'us_per_call':%.3f", n,
	    worst, all / n);
}

/* P5: starting, hanging, killing. */

struct start {
	double lib, init, context, kernel, down, seen, gone;
	int ok;
};

static void
start_child(int s)
{
	struct start r = {};
	static unsigned v[1000];
	CUcontext c;
	double t = now();
	auto lap = [&] {
		double x = now(), l = x - t;
		t = x;
		return l;
	};

	driver();
	r.lib = lap();
	TRY(d::cuInit(0));
	r.init = lap();
	TRY(d::cuDeviceGet(&dev, 0));
	TRY(d::cuDevicePrimaryCtxRetain(&c, dev));
	TRY(d::cuCtxSetCurrent(c));
	r.context = lap();
	unsigned *p = dalloc<unsigned>(1000);
	known<<<4, 256>>>(p, 1000);
	LAUNCHED();
	TRY(d::cuMemcpyDtoH(v, (CUdeviceptr)p, sizeof(v)));
	r.ok = 1;
	for (unsigned i = 0; i < 1000; i++)
		r.ok &= v[i] == i * 2654435761u;
	r.kernel = lap();
	/* a release would leave it to the runtime, which has it too */
	TRY(d::cuDevicePrimaryCtxReset(dev));
	r.down = lap();
	put(s, &r, sizeof(r));
}

static struct start
start_once(void)
{
	struct start r = {};
	double t = now();
	struct kid k = spawn(start_child);

	if (!get(k.fd, &r, sizeof(r)))
		r.ok = 0;
	r.seen = now() - t;
	t = now();
	wait_dead(k.pid);
	r.gone = now() - t;
	close(k.fd);
	return r;
}

static struct kid
hang(double s, int blocks)
{
	struct kid k = spawn([=](int fd) {
		unsigned *ds;
		gpu();
		volatile unsigned *started = mapped(&ds);
		busy<<<blocks ? blocks : nsm * 8, 256, 0, st>>>(ds,
		    (u64)(s * 1e9));
		LAUNCHED();
		while (*started == 0)
			usleep(100);
		say(fd, 0);
		d::cuStreamSynchronize(st);
		say(fd, 1);
	});

	hear(k.fd);
	return k;
}

static std::string
starts(int n, int *ok)
{
	std::vector<struct start> v;
	std::string o;
	typedef double start::*member;
	static const struct { const char *name; member m; } row[] = {
		{ "dlopen", &start::lib }, { "init", &start::init },
		{ "context", &start::context }, { "kernel", &start::kernel },
		{ "destroy", &start::down }, { "answered", &start::seen },
		{ "exit", &start::gone } };

	*ok = 1;
	for (int i = 0; i < n; i++) {
		v.push_back(start_once());
		*ok &= v[i].ok;
	}
	for (auto &r : row) {
		samples t;
		char b[64];
		for (auto &s : v)
			t.push_back(s.*r.m / 1e3);
		snprintf(b, sizeof(b), ",'%s_ms':%.2f", r.name, median(t));
		o += b;
	}
	return o;
}

static void
p5_start(int beside)
{
	int ok;
	struct kid k = {};

	if (beside)
		k = hang(25, 0);
	std::string s = starts(beside ? 3 : 5, &ok);
	if (beside)
		kill(k.pid, SIGKILL);
	emit(ok ? "right answer" : "no or wrong answer", "'gpu_busy':%s%s",
	    beside ? "true" : "false", s.c_str());
}

static void
p5_kill(int)
{
	samples dead, well;
	int ok = 1;

	for (int i = 0; i < 3; i++) {
		struct kid k = hang(25, 0);
		usleep(100000);
		double t = now();
		kill(k.pid, SIGKILL);
		dead.push_back(wait_dead(k.pid) / 1e3);
		struct start s = start_once();
		ok &= s.ok;
		well.push_back((now() - t) / 1e3);
		close(k.fd);
	}
	emit(ok && *std::min_element(dead.begin(), dead.end()) >= 0 ?
	    "killed, and the next process is right" : "not well",
	    "'kill_to_pidfd_ms':[%.2f,%.2f,%.2f],"
	    "'kill_to_next_answer_ms':[%.2f,%.2f,%.2f]", dead[0], dead[1],
	    dead[2], well[0], well[1], well[2]);
}

/* P6: is the runner's own memory open to a kernel? */
static void
p6_host(int stack)
{
	volatile unsigned here = 4711;
	unsigned *heap = (unsigned *)malloc(1 << 20), v = 0;

	gpu();
	heap[5] = 4711;
	unsigned *out = dalloc<unsigned>(1);
	peek<<<1, 1, 0, st>>>(stack ? &here : heap + 5, out);
	int r = d::cuStreamSynchronize(st);
	if (r == 0)
		TRY(d::cuMemcpyDtoH(&v, (CUdeviceptr)out, 4));
	emit(r ? "a kernel cannot read it" : v == 4711 ? "a kernel reads it" :
	    "read, but wrong", "'memory':'%s','error':'%s',"
	    "'pageable_memory_access':%d,'uses_host_page_tables':%d,"
	    "'concurrent_managed_access':%d,'unified_addressing':%d",
	    stack ? "stack" : "malloc", err(r),
	    attr(CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS),
	    attr(CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES),
	    attr(CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS),
	    attr(CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING));
}

/* NVRTC, found at run time too; the prototypes are nvrtc.h's. */
namespace n {
static int (*create)(void **, const char *, const char *, int,
    const char *const *, const char *const *);
static int (*destroy)(void **);
static int (*compile)(void *, int, const char *const *);
static int (*log_size)(void *, size_t *), (*log)(void *, char *);
static int (*cubin_size)(void *, size_t *), (*cubin)(void *, char *);
static int (*version)(int *, int *);
}

struct built {
	int rc;
	double ms;
	std::string log;
	std::vector<char> cubin;
};

static std::string
nvrtc_open(void)
{
	void *h = NULL;
	std::string name;

	for (const char *s : { "libnvrtc.so.13", "libnvrtc.so",
	    "/usr/local/cuda/lib64/libnvrtc.so.13",
	    "/usr/local/cuda/lib64/libnvrtc.so", "libnvrtc.so.12" })
		if (h == NULL && (h = dlopen(s, RTLD_NOW)) != NULL)
			name = s;
	if (h == NULL) {
		emit("no nvrtc", "'why':'%s'", esc(dlerror()).c_str());
		_exit(3);
	}
#define N(p, f) \
	if ((n::p = (decltype(n::p))dlsym(h, f)) == NULL) { \
		emit("nvrtc lacks a function", "'name':'%s'", f); \
		_exit(3); \
	}
	N(create, "nvrtcCreateProgram") N(destroy, "nvrtcDestroyProgram")
	N(compile, "nvrtcCompileProgram")
	N(log_size, "nvrtcGetProgramLogSize") N(log, "nvrtcGetProgramLog")
	N(cubin_size, "nvrtcGetCUBINSize") N(cubin, "nvrtcGetCUBIN")
	N(version, "nvrtcVersion")
#undef N
	return name;
}

static struct built
nvrtc(const std::string &src, std::vector<const char *> opt)
{
	struct built b = {};
	void *p;
	size_t len = 0;
	double t = now();

	opt.push_back("--gpu-architecture=sm_90a");
	if ((b.rc = n::create(&p, src.c_str(), "k.cu", 0, NULL, NULL)) != 0)
		return b;
	b.rc = n::compile(p, (int)opt.size(), opt.data());
	if (b.rc == 0 && n::cubin_size(p, &len) == 0) {
		b.cubin.resize(len);
		n::cubin(p, b.cubin.data());
	}
	b.ms = (now() - t) / 1e3;
	if (n::log_size(p, &len) == 0 && len > 1) {
		b.log.resize(len);
		n::log(p, &b.log[0]);
	}
	n::destroy(&p);
	return b;
}

/* P7: what a cubin says of the state that a kernel keeps. */

static const struct { const char *name, *src; } states[] = {
	{ "nothing", "extern \"C\" __global__ void k(int *o) { *o = 1; }" },
	{ "device", "__device__ int g; extern \"C\" __global__ void k(int *o)"
	    "{ *o = g++; }" },
	{ "device_init", "__device__ int g = 5; extern \"C\" __global__ void "
	    "k(int *o) { *o = g++; }" },
	{ "device_only_read", "__device__ int g = 5; extern \"C\" __global__ "
	    "void k(int *o) { *o = g; }" },
	{ "device_unused", "__device__ int g[9]; extern \"C\" __global__ void "
	    "k(int *o) { *o = 1; }" },
	{ "device_static", "static __device__ int g[9]; extern \"C\" "
	    "__global__ void k(int *o) { *o = g[*o]++; }" },
	{ "device_const", "__device__ const int t[9] = {1,2,3,4,5,6,7,8,9}; "
	    "extern \"C\" __global__ void k(int *o) { *o = t[*o]; }" },
	{ "device_const_cast", "__device__ const int t[9] = {1,2,3}; extern "
	    "\"C\" __global__ void k(int *o) { *o = ((int *)t)[*o]++; }" },
	{ "constant", "__constant__ int c[9] = {1,2,3}; extern \"C\" "
	    "__global__ void k(int *o) { *o = c[*o]; }" },
	{ "constant_zero", "__constant__ int c[9]; extern \"C\" __global__ "
	    "void k(int *o) { *o = c[*o]; }" },
	{ "shared", "extern \"C\" __global__ void k(int *o) { __shared__ int "
	    "s[64]; s[threadIdx.x] = *o; __syncthreads(); *o = s[1]; }" },
	{ "shared_dynamic", "extern \"C\" __global__ void k(int *o) { extern "
	    "__shared__ int s[]; s[threadIdx.x] = *o; __syncthreads(); "
	    "*o = s[1]; }" },
	{ "local_static", "extern \"C\" __global__ void k(int *o) { static "
	    "int n; *o = n++; }" },
	{ "local_static_const", "extern \"C\" __global__ void k(int *o) { "
	    "static const int t[9] = {1,2,3}; *o = t[*o]; }" },
	{ "local_array", "extern \"C\" __global__ void k(int *o) { "
	    "int a[99]; for (int i = 0; i < 99; i++) a[i] = o[i]; "
	    "*o = a[o[1]]; }" },
	{ "string", "extern \"C\" __global__ void k(const char **o) { "
	    "*o = \"literal\"; }" },
	{ "printf", "extern \"C\" __global__ void k(int *o) { "
	    "printf(\"%d\\n\", *o); }" },
	{ "malloc", "extern \"C\" __global__ void k(int **o) { "
	    "*o = (int *)malloc(99); }" },
	{ "new", "extern \"C\" __global__ void k(int **o) { "
	    "*o = new int[99]; }" },
	{ "assert", "extern \"C\" __device__ void __assertfail(const char *, "
	    "const char *, unsigned, const char *, size_t); extern \"C\" "
	    "__global__ void k(int *o) { if (*o) __assertfail(\"a\", \"b\", 1,"
	    " \"c\", 1); }" },
	{ "assert_h", "#include <assert.h>\nextern \"C\" __global__ void "
	    "k(int *o) { assert(*o == 1); }" },
	{ "managed", "__managed__ int g; extern \"C\" __global__ void "
	    "k(int *o) { *o = g++; }" },
	{ "ctor", "struct S { int v; __device__ S() : v(3) {} }; __device__ S "
	    "s; extern \"C\" __global__ void k(int *o) { *o = s.v; }" },
	{ "extern_device", "extern __device__ int g; extern \"C\" __global__ "
	    "void k(int *o) { *o = g++; }" },
};

static const Elf64_Shdr *
elf_sections(const std::vector<char> &c, int *n)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)c.data();

	*n = 0;
	if (c.size() < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) ||
	    e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_shoff + e->e_shnum * sizeof(Elf64_Shdr) > c.size())
		return NULL;
	*n = e->e_shnum;
	return (const Elf64_Shdr *)(c.data() + e->e_shoff);
}

static std::string
elf_text(const std::vector<char> &c)
{
	int n;
	const Elf64_Shdr *s = elf_sections(c, &n);
	std::string sec, sym;
	char b[400];

	if (s == NULL)
		return "'elf':false";
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)c.data();
	auto name = [&](int strtab, unsigned off) {
		return esc(c.data() + s[strtab].sh_offset + off, 90);
	};
	for (int i = 1; i < n; i++) {
		snprintf(b, sizeof(b), "%s'%s type=%x flags=%llx size=%llu'",
		    sec.empty() ? "" : ",", name(e->e_shstrndx,
		    s[i].sh_name).c_str(), s[i].sh_type,
		    (u64)s[i].sh_flags, (u64)s[i].sh_size);
		sec += b;
		if (s[i].sh_type != SHT_SYMTAB)
			continue;
		auto *y = (const Elf64_Sym *)(c.data() + s[i].sh_offset);
		for (size_t j = 1; j < s[i].sh_size / sizeof(*y); j++) {
			int type = ELF64_ST_TYPE(y[j].st_info);
			if (y[j].st_shndx != SHN_UNDEF &&
			    (type == STT_SECTION || type == STT_FILE))
				continue;
			snprintf(b, sizeof(b), "%s'%s type=%d bind=%d in=%s "
			    "size=%llu'", sym.empty() ? "" : ",",
			    name(s[i].sh_link, y[j].st_name).c_str(), type,
			    ELF64_ST_BIND(y[j].st_info),
			    y[j].st_shndx == SHN_UNDEF ? "UNDEFINED" :
			    y[j].st_shndx < n ? name(e->e_shstrndx,
			    s[y[j].st_shndx].sh_name).c_str() : "special",
			    (u64)y[j].st_size);
			sym += b;
		}
	}
	snprintf(b, sizeof(b), "'machine':%d,'elf_flags':%u,'bytes':%zu,",
	    e->e_machine, e->e_flags, c.size());
	return b + ("'sections':[" + sec + "],'symbols':[" + sym + "]");
}

static void
p7_elf(int)
{
	std::string lib = nvrtc_open();
	int major = 0, minor = 0;

	n::version(&major, &minor);
	for (auto &s : states) {
		std::string name = std::string("P7.elf.") + s.name;
		probe = name.c_str();
		struct built b = nvrtc(s.src, {});
		emit(b.rc ? "does not compile" : "compiles",
		    "'nvrtc':'%d.%d','rc':%d,'log':'%s',%s", major, minor,
		    b.rc, esc(b.log.c_str()).c_str(),
		    b.rc ? "'elf':false" : elf_text(b.cubin).c_str());
	}
}

/*
 * Can a kernel change its __constant__ bank, or a const table, through a
 * pointer, and does the next launch see it?
 */
static void
p7_write(int constant)
{
	std::string kind = constant ? "__constant__" : "__device__ const";
	CUmodule m;
	CUfunction w, r;
	CUdeviceptr g = 0;
	size_t gn = 0;
	unsigned v[3] = { 0, 0, 0 };

	nvrtc_open();
	struct built b = nvrtc(kind + " unsigned t[64] = {1,2,3};\n"
	    "extern \"C\" __global__ void w() { unsigned long long a = "
	    "(unsigned long long)&t[1]; asm volatile(\"st.u32 [%0], 77;\" :: "
	    "\"l\"(a) : \"memory\"); }\nextern \"C\" __global__ void "
	    "r(unsigned *o, int i) { unsigned long long a = (unsigned long "
	    "long)&t[i]; o[0] = t[i]; asm volatile(\"ld.u32 %0, [%1];\" : "
	    "\"=r\"(o[1]) : \"l\"(a)); }", {});
	if (b.rc != 0) {
		emit("does not compile", "'log':'%s'",
		    esc(b.log.c_str()).c_str());
		return;
	}
	gpu();
	CUdeviceptr out = (CUdeviceptr)dalloc<unsigned>(2);
	int one = 1;
	void *args[] = { &out, &one };
	TRY(d::cuModuleLoadData(&m, b.cubin.data()));
	TRY(d::cuModuleGetFunction(&w, m, "w"));
	TRY(d::cuModuleGetFunction(&r, m, "r"));
	int global = d::cuModuleGetGlobal(&g, &gn, m, "t");
	TRY(d::cuLaunchKernel(w, 1, 1, 1, 1, 1, 1, 0, st, NULL, NULL));
	int wrote = d::cuStreamSynchronize(st);
	if (wrote == 0) {
		TRY(d::cuLaunchKernel(r, 1, 1, 1, 1, 1, 1, 0, st, args, NULL));
		finish();
		TRY(d::cuMemcpyDtoH(v, out, 8));
		if (global == 0)
			TRY(d::cuMemcpyDtoH(&v[2], g + 4, 4));
	}
	emit(wrote ? "faults" : v[0] == 77 || v[1] == 77 || v[2] == 77 ?
	    "written, and it stays" : "no fault, no effect",
	    "'error':'%s','next_launch_reads':%u,'by_pointer':%u,"
	    "'host_reads':%u,'get_global':'%s'", err(wrote), v[0], v[1], v[2],
	    err(global));
}

/* P8: what loading and unloading cost. */

static std::string
big_source(int n)
{
	std::string s = "extern \"C\" __global__ void k(float *o) { float x = "
	    "o[0], y = o[1];\n";

	for (int i = 0; i < n; i++) {
		char b[80];
		snprintf(b, sizeof(b), "x = x * %d.5f + y; y = y * x + %d.f;\n",
		    i + 2, i + 3);
		s += b;
	}
	return s + "o[0] = x; o[1] = y; }";
}

static void
p8_module(int n)
{
	samples load, func, first, again, unload, lib, held;
	float *o;

	nvrtc_open();
	struct built b = nvrtc(big_source(n), {});
	if (b.rc != 0) {
		emit("does not compile", "'log':'%s'",
		    esc(b.log.c_str()).c_str());
		return;
	}
	gpu();
	o = dalloc<float>(2);
	void *args[] = { &o };
	for (int i = 0; i < 40; i++) {
		CUmodule m;
		CUfunction f;
		double t[6] = { now() };
		TRY(d::cuModuleLoadData(&m, b.cubin.data())); t[1] = now();
		TRY(d::cuModuleGetFunction(&f, m, "k")); t[2] = now();
		for (int j = 3; j < 5; j++) {
			TRY(d::cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, st,
			    args, NULL));
			finish();
			t[j] = now();
		}
		TRY(d::cuModuleUnload(m)); t[5] = now();
		samples *to[] = { &load, &func, &first, &again, &unload };
		for (int j = 0; j < 5; j++)
			to[j]->push_back(t[j + 1] - t[j]);
		CUlibrary l;
		CUkernel k;
		t[0] = now();
		TRY(d::cuLibraryLoadData(&l, b.cubin.data(), NULL, NULL, 0,
		    NULL, NULL, 0));
		TRY(d::cuLibraryGetKernel(&k, l, "k"));
		TRY(d::cuLaunchKernel((CUfunction)k, 1, 1, 1, 1, 1, 1, 0, st,
		    args, NULL));
		finish();
		TRY(d::cuLibraryUnload(l));
		lib.push_back(now() - t[0]);
		if (i >= 10)
			continue;
		/* does loading wait for what runs? */
		spin<<<1, 1, 0, st>>>(20000000, NULL);
		t[0] = now();
		TRY(d::cuModuleLoadData(&m, b.cubin.data()));
		held.push_back(now() - t[0]);
		finish();
		TRY(d::cuModuleUnload(m));
	}
	CUmoduleLoadingMode mode = (CUmoduleLoadingMode)0;
	d::cuModuleGetLoadingMode(&mode);
	emit("cost", "'cubin_bytes':%zu,'lazy':%s,'compile_ms':%.1f,"
	    "'load_us':%.1f,'get_function_us':%.1f,'first_launch_us':%.1f,"
	    "'second_launch_us':%.1f,'unload_us':%.1f,"
	    "'library_load_launch_unload_us':%.1f,"
	    "'load_beside_20ms_kernel_us':%.1f", b.cubin.size(),
	    mode == CU_MODULE_LAZY_LOADING ? "true" : "false", b.ms,
	    median(load), median(func), median(first), median(again),
	    median(unload), median(lib), median(held));
}

/* P9: work that outlives its launch. */

static void
p9_child(int rdc)
{
	CUmodule m;
	CUfunction f;
	int load = -1, func = -1;

	nvrtc_open();
	struct built b = nvrtc("__global__ void c(int *o) { *o = 2; }\n"
	    "extern \"C\" __global__ void k(int *o) { c<<<1, 1>>>(o); }",
	    rdc ? std::vector<const char *>{ "-rdc=true" } :
	    std::vector<const char *>{});
	gpu();
	if (b.rc == 0) {
		load = d::cuModuleLoadData(&m, b.cubin.data());
		if (load == 0)
			func = d::cuModuleGetFunction(&f, m, "k");
	}
	emit(b.rc ? "does not compile" : load ? "compiles, does not load" :
	    "compiles and loads", "'rdc':%s,'nvrtc_rc':%d,'log':'%s',"
	    "'load':'%s','get_function':'%s'", rdc ? "true" : "false", b.rc,
	    esc(b.log.c_str()).c_str(), load < 0 ? "not tried" : err(load),
	    func < 0 ? "not tried" : err(func));
}

__global__ void
pdl_first(u64 *t, int early)
{
	t[0] = gtime();
	if (early)
		asm volatile("griddepcontrol.launch_dependents;");
	while (gtime() - t[0] < 300000)
		;
	t[1] = gtime();
}

__global__ void
pdl_next(u64 *t)
{
	t[2] = gtime();
}

static void
p9_pdl(int attribute)
{
	double gap[2], ev[2];

	gpu();
	u64 *t = dalloc<u64>(4);
	for (int early = 0; early < 2; early++) {
		samples g, e;
		for (int r = 0; r < 20; r++) {
			u64 h[3];
			spin<<<1, 1, 0, st>>>(100000, NULL);
			pdl_first<<<1, 1, 0, st>>>(t, early);
			cudaLaunchAttribute a = {};
			a.id = cudaLaunchAttributeProgrammaticStreamSerialization;
			a.val.programmaticStreamSerializationAllowed = 1;
			cudaLaunchConfig_t c = {};
			c.gridDim = c.blockDim = dim3(1);
			c.stream = st;
			c.attrs = &a;
			c.numAttrs = attribute ? 1 : 0;
			TRY(cudaLaunchKernelEx(&c, pdl_next, t));
			finish();
			TRY(d::cuMemcpyDtoH(h, (CUdeviceptr)t, sizeof(h)));
			g.push_back((double)((int64_t)h[2] -
			    (int64_t)h[1]) / 1e3);
			spin<<<1, 1, 0, st>>>(100000, NULL);
			e.push_back(timed([&] {
				pdl_first<<<1, 1, 0, st>>>(t, early);
			}));
		}
		gap[early] = median(g);
		ev[early] = median(e);
	}
	emit(gap[1] < 0 ? "the next kernel starts early" :
	    "the next kernel waits", "'attribute':%s,'gap_us':%.2f,"
	    "'gap_early_us':%.2f,'event_us':%.2f,'event_early_us':%.2f,"
	    "'kernel_us':300", attribute ? "true" : "false", gap[0], gap[1],
	    ev[0], ev[1]);
}

/* P10: the same kernel against itself. */

/* t: clock64 and globaltimer at begin and end of one block */
static __device__ void
stamp(u64 *t)
{
	if (blockIdx.x == 0 && threadIdx.x == 0) {
		t[0] = clock64();
		t[1] = gtime();
	}
}

__global__ void
stream_copy(const uint4 *a, uint4 *b, size_t n, u64 *t)
{
	stamp(t);
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
	    i += (size_t)gridDim.x * blockDim.x)
		b[i] = a[i];
	stamp(t + 2);
}

__global__ void
tensor(const uint4 *a, uint4 *b, size_t n, u64 *t)
{
	size_t me = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
	uint4 x = a[me % n], y = a[(me + 12345) % n];
	float c[4][4] = {};

	stamp(t);
	x.x &= 0x3bff3bff; x.y &= 0x3bff3bff;	/* f16, below 1 in size */
	x.z &= 0xbbffbbff; x.w &= 0xbbffbbff;
	y.x &= 0x3bff3bff; y.y &= 0xbbffbbff;
	for (int i = 0; i < 2000; i++)
#pragma unroll
		for (int j = 0; j < 4; j++)
			asm volatile("mma.sync.aligned.m16n8k16.row.col.f32."
			    "f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
			    "{%8,%9}, {%0,%1,%2,%3};" : "+f"(c[j][0]),
			    "+f"(c[j][1]), "+f"(c[j][2]), "+f"(c[j][3])
			    : "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w),
			    "r"(y.x), "r"(y.y));
	b[me % n] = make_uint4(__float_as_uint(c[0][0] + c[1][1]),
	    __float_as_uint(c[2][2]), __float_as_uint(c[3][3]), 1);
	stamp(t + 2);
}

struct segment {
	double us, mhz, wall;
};

static const size_t P10_HALF = 128 << 20;

/* Runs a segment per byte received; takes the buffer from s or sends it. */
static void
p10_worker(int s, int owner)
{
	struct map m;
	int fd;
	char kind;

	gpu();
	if (owner) {
		m = map_new(2 * P10_HALF, 0,
		    CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
		fill<<<nsm * 8, 256, 0, st>>>((uint4 *)m.va,
		    2 * P10_HALF / 16, 1);
		finish();
		TRY(d::cuMemExportToShareableHandle(&fd, m.h,
		    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
		send_fd(s, fd);
	} else {
		CUmemGenericAllocationHandle h;
		fd = recv_fd(s);
		TRY(d::cuMemImportFromShareableHandle(&h,
		    (void *)(intptr_t)fd,
		    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
		m = map_new(2 * P10_HALF, h,
		    CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
		say(s, 0);
	}
	const uint4 *a = (const uint4 *)m.va;
	uint4 *b = (uint4 *)(m.va + P10_HALF);
	u64 *t = dalloc<u64>(4), h[4];
	while (get(s, &kind, 1)) {
		struct segment g;
		double w = now();
		spin<<<1, 1, 0, st>>>(50000, NULL);
		g.us = timed([&] {
			for (int i = 0; i < 8; i++)
				if (kind == 'm')
					stream_copy<<<nsm * 8, 256, 0, st>>>(
					    a, b, P10_HALF / 16, t);
				else
					tensor<<<nsm * 4, 256, 0, st>>>(a, b,
					    P10_HALF / 16, t);
		}) / 8;
		LAUNCHED();
		g.wall = now() - w;
		TRY(d::cuMemcpyDtoH(h, (CUdeviceptr)t, sizeof(h)));
		g.mhz = (double)(h[2] - h[0]) / (double)(h[3] - h[1]) * 1e3;
		put(s, &g, sizeof(g));
	}
}

static struct segment
p10_segment(int fd, char kind)
{
	struct segment g;

	put(fd, &kind, 1);
	if (!get(fd, &g, sizeof(g))) {
		emit("peer gone", "'kind':'%c'", kind);
		_exit(4);
	}
	return g;
}

static void
p10_series(const char *where, int fa, int fb, char kind)
{
	samples l, ua, ub, ma, mb, wall, order[2];
	double mean = 0, var = 0, lag = 0;
	int n = 200;

	for (int i = 0; i < 30; i++)		/* warm, both alike */
		p10_segment(i % 2 ? fa : fb, kind);
	for (int i = 0; i < n; i++) {
		struct segment a, b;
		if (i % 2 == 0)
			a = p10_segment(fa, kind);
		b = p10_segment(fb, kind);
		if (i % 2)
			a = p10_segment(fa, kind);
		l.push_back(log(a.us / b.us));
		order[i % 2].push_back(l.back());
		ua.push_back(a.us);
		ub.push_back(b.us);
		ma.push_back(a.mhz);
		mb.push_back(b.mhz);
		wall.push_back(a.wall);
	}
	for (double x : l)
		mean += x / n;
	for (double x : l)
		var += (x - mean) * (x - mean) / (n - 1);
	for (int i = 1; i < n; i++)
		lag += (l[i] - mean) * (l[i - 1] - mean) / (n - 1) / var;
	double half = 1.96 * sqrt(var / n);
	emit(fabs(mean) <= half ? "interval holds 0" : "interval misses 0",
	    "'where':'%s','kernel':'%s','pairs':%d,'mean_log_ratio':%.6f,"
	    "'sd':%.6f,'half_width_95':%.6f,'lag1':%.4f,"
	    "'median_log_ratio_ab':%.6f,'median_log_ratio_ba':%.6f,"
	    "'a_us':%.3f,'b_us':%.3f,'a_iqr_us':%.3f,'a_mhz':%.1f,"
	    "'b_mhz':%.1f,'mhz_p5':%.1f,'mhz_p95':%.1f,'segment_wall_us':%.1f",
	    where, kind == 'm' ? "memory" : "tensor", n, mean, sqrt(var), half,
	    lag, median(order[0]), median(order[1]), median(ua), median(ub),
	    quantile(ua, .75) - quantile(ua, .25), median(ma), median(mb),
	    quantile(ma, .05), quantile(ma, .95), median(wall));
}

static void
p10_aa(int)
{
	struct kid a = spawn([](int s) { p10_worker(s, 1); });
	struct kid b = spawn([](int s) { p10_worker(s, 0); });

	send_fd(b.fd, recv_fd(a.fd));
	hear(b.fd);
	p10_series("two processes", a.fd, b.fd, 'm');
	p10_series("two processes", a.fd, b.fd, 'c');
	p10_series("one process", a.fd, a.fd, 'm');
	p10_series("one process", a.fd, a.fd, 'c');
	p10_series("two processes, again", a.fd, b.fd, 'm');
	p10_series("two processes, again", a.fd, b.fd, 'c');
}

/* P12: what NVRTC reads, and how long it takes. */

static const char *const empty_src =
    "extern \"C\" __global__ void k(int *o) { *o = 1; }";
static const char *const half_src = "#include <cuda_fp16.h>\n"
    "extern \"C\" __global__ void k(__half *o) { *o = __float2half(1.f); }";

static std::string
toolkit(void)
{
	const char *home = getenv("CUDA_HOME");
	std::string dir[] = { home ? std::string(home) + "/include" : "",
	    "/usr/local/cuda/include", "/usr/local/cuda-13.0/include",
	    "/usr/local/cuda/targets/x86_64-linux/include" };

	for (auto &s : dir)
		if (!s.empty() && access((s + "/cuda_fp16.h").c_str(), R_OK)
		    == 0)
			return s;
	return "";
}

static void
p12_include(int)
{
	static const struct { const char *name, *src; } row[] = {
		{ "include", "#include \"/etc/passwd\"\n" },
		{ "has_include", "#if __has_include(\"/etc/passwd\")\n#error "
		    "IT_IS_THERE\n#else\n#error IT_IS_NOT\n#endif\n" },
		{ "has_include_absent", "#if __has_include(\"/etc/nothing\")\n"
		    "#error IT_IS_THERE\n#else\n#error IT_IS_NOT\n#endif\n" },
		{ "embed", "extern \"C\" __device__ const unsigned char e[] = "
		    "{\n#embed \"/etc/passwd\"\n};\n" },
		{ "fp16", half_src },
	};
	std::string dir = "-I" + toolkit();
	static const char *const flag[] = { "", "--no-source-include",
	    "--minimal", "-I" };

	std::string lib = nvrtc_open();
	for (auto &r : row)
		for (auto &f : flag) {
			std::string name = std::string("P12.") + r.name;
			probe = name.c_str();
			std::vector<const char *> o;
			if (f[0])
				o.push_back(f[1] == 'I' ? dir.c_str() : f);
			struct built b = nvrtc(r.src, o);
			bool leak = b.log.find("root:") != b.log.npos ||
			    b.log.find("daemon") != b.log.npos;
			/* of a leak the log itself is not shown */
			emit(leak ? "contents in the log" :
			    b.log.find("IT_IS_THERE") != b.log.npos ?
			    "tells that it exists" : b.rc ? "refused" :
			    "compiles", "'option':'%s','rc':%d,'lib':'%s',"
			    "'log':'%s'", o.empty() ? "" : esc(o[0]).c_str(),
			    b.rc, lib.c_str(),
			    leak ? "" : esc(b.log.c_str(), 200).c_str());
		}
}

static struct built
compile_one(int half)
{
	std::string dir = "-I" + toolkit();

	return nvrtc(half ? half_src : empty_src, { dir.c_str() });
}

/* Children start together; each loads NVRTC and compiles three times. */
static void
p12_procs(int procs)
{
	int n = std::min(procs, (int)std::thread::hardware_concurrency());

	for (int half = 0; half < 2; half++) {
		std::vector<struct kid> k;
		samples open, first, next;
		int bad = 0;
		for (int i = 0; i < n; i++)
			k.push_back(spawn([=](int s) {
				hear(s);
				double t = now();
				nvrtc_open();
				say(s, (now() - t) / 1e3);
				for (int j = 0; j < 3; j++) {
					struct built b = compile_one(half);
					say(s, b.rc ? -1 : b.ms);
				}
			}));
		double t = now();
		for (auto &c : k)
			say(c.fd, 0);
		for (auto &c : k) {
			open.push_back(hear(c.fd));
			for (int j = 0; j < 3; j++) {
				double ms = hear(c.fd);
				bad += ms < 0;
				(j ? next : first).push_back(ms);
			}
		}
		t = (now() - t) / 1e3;
		emit(bad ? "some fail" : "all compile", "'processes':%d,"
		    "'asked':%d,'source':'%s','dlopen_ms':%.2f,"
		    "'first_ms':%.2f,'next_ms':%.2f,'wall_ms':%.1f,"
		    "'compiles_per_s':%.2f,'failed':%d", n, procs,
		    half ? "cuda_fp16.h" : "empty", median(open),
		    median(first), median(next), t, 3e3 * n / t, bad);
		for (auto &c : k) {
			close(c.fd);
			waitpid(c.pid, NULL, 0);
		}
	}
}

static void
p12_threads(int threads)
{
	int n = std::min(threads, (int)std::thread::hardware_concurrency());

	nvrtc_open();
	for (int half = 0; half < 2; half++) {
		std::vector<std::thread> th;
		samples ms(2 * n);
		double alone = compile_one(half).ms;
		alone = compile_one(half).ms;
		double t = now();
		for (int i = 0; i < n; i++)
			th.emplace_back([&, i] {
				for (int j = 0; j < 2; j++) {
					struct built b = compile_one(half);
					ms[2 * i + j] = b.rc ? -1 : b.ms;
				}
			});
		for (auto &x : th)
			x.join();
		t = (now() - t) / 1e3;
		emit(t < 2 * alone * n / 1.5 ? "threads compile in parallel" :
		    "threads wait for each other", "'threads':%d,"
		    "'source':'%s','alone_ms':%.2f,'each_ms':%.2f,"
		    "'wall_ms':%.1f,'compiles_per_s':%.2f", n,
		    half ? "cuda_fp16.h" : "empty", alone, median(ms), t,
		    2e3 * n / t);
	}
}

/* PX: the machine. */

static void
px_env(int)
{
	static const struct { const char *name; CUdevice_attribute a; } row[] = {
#define A(name, a) { name, CU_DEVICE_ATTRIBUTE_##a }
		A("major", COMPUTE_CAPABILITY_MAJOR),
		A("minor", COMPUTE_CAPABILITY_MINOR),
		A("sms", MULTIPROCESSOR_COUNT), A("l2", L2_CACHE_SIZE),
		A("persisting_l2_max", MAX_PERSISTING_L2_CACHE_SIZE),
		A("clock_khz", CLOCK_RATE),
		A("memory_clock_khz", MEMORY_CLOCK_RATE),
		A("memory_bus_bits", GLOBAL_MEMORY_BUS_WIDTH),
		A("shared_optin", MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
		A("shared_per_sm", MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
		A("shared_reserved", RESERVED_SHARED_MEMORY_PER_BLOCK),
		A("ecc", ECC_ENABLED), A("compute_mode", COMPUTE_MODE),
		A("watchdog", KERNEL_EXEC_TIMEOUT),
		A("concurrent_kernels", CONCURRENT_KERNELS),
		A("preemption", COMPUTE_PREEMPTION_SUPPORTED),
		A("managed", MANAGED_MEMORY),
		A("concurrent_managed", CONCURRENT_MANAGED_ACCESS),
		A("pageable", PAGEABLE_MEMORY_ACCESS),
		A("host_page_tables", PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES),
		A("can_flush_remote_writes", CAN_FLUSH_REMOTE_WRITES),
		A("host_native_atomics", HOST_NATIVE_ATOMIC_SUPPORTED),
		A("cooperative", COOPERATIVE_LAUNCH),
		A("cluster", CLUSTER_LAUNCH),
#undef A
	};
	char name[128] = "";
	int v = 0;
	size_t mem = 0;
	std::string all;

	gpu();
	d::cuDriverGetVersion(&v);
	d::cuDeviceGetName(name, sizeof(name), dev);
	d::cuDeviceTotalMem(&mem, dev);
	for (auto &r : row)
		all += ",'" + std::string(r.name) + "':" +
		    std::to_string(attr(r.a));
	emit(esc(name).c_str(), "'driver':%d,'memory':%zu,'cpus':%ld%s", v,
	    mem, sysconf(_SC_NPROCESSORS_ONLN), all.c_str());
}

typedef int (*nvml_get)(void *, void *);
typedef int (*nvml_get_of)(void *, unsigned, void *);

/* Changes of a counter within 300 ms: how often is it renewed? */
static std::string
nvml_renewal(nvml_get f, void *h)
{
	u64 v = 0, last = 0;
	samples t;
	double t0 = now(), at = t0;
	char b[100];

	f(h, &last);
	while (now() - t0 < 300000) {
		v = 0;
		f(h, &v);
		if (v != last) {
			t.push_back(now() - at);
			at = now();
			last = v;
		}
	}
	snprintf(b, sizeof(b), ",'changes_in_300ms':%zu,'median_us':%.0f",
	    t.size(), median(t));
	return b;
}

static void
px_nvml(int)
{
	static const struct { const char *name; int of, renewal; } row[] = {
		{ "GetClockInfo", 1, 0 }, { "GetClockInfo", 2, 0 },
		{ "GetMaxClockInfo", 1, 0 }, { "GetMaxClockInfo", 2, 0 },
		{ "GetApplicationsClock", 1, 0 },
		{ "GetTemperature", 0, 0 },
		{ "GetPowerUsage", -1, 1 },
		{ "GetTotalEnergyConsumption", -1, 1 },
		{ "GetEnforcedPowerLimit", -1, 0 },
		{ "GetCurrentClocksThrottleReasons", -1, 0 },
		{ "GetCurrentClocksEventReasons", -1, 0 },
		{ "GetPerformanceState", -1, 0 },
		{ "GetPersistenceMode", -1, 0 }, { "GetComputeMode", -1, 0 },
		{ "GetUtilizationRates", -1, 0 },
	};
	void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW), *h = NULL;

	if (lib == NULL) {
		emit("no nvml", "'why':'%s'", esc(dlerror()).c_str());
		return;
	}
	auto init = (int (*)(void))dlsym(lib, "nvmlInit_v2");
	auto byidx = (int (*)(unsigned, void **))dlsym(lib,
	    "nvmlDeviceGetHandleByIndex_v2");
	double t = now();
	int r = init && byidx ? init() : -1;
	t = now() - t;
	if (r == 0)
		r = byidx(0, &h);
	emit(r ? "no nvml device" : "opened", "'rc':%d,'init_us':%.0f", r, t);
	for (auto &w : row) {
		std::string f = std::string("nvmlDevice") + w.name;
		std::string name = "PX.nvml." + std::string(w.name) +
		    (w.of >= 0 ? "." + std::to_string(w.of) : "");
		u64 v[4] = { 0 };		/* wider than any answer */
		samples us;
		void *g = r ? NULL : dlsym(lib, f.c_str());
		int rc = -1;

		probe = name.c_str();
		for (int i = 0; g != NULL && i < 20; i++) {
			t = now();
			rc = w.of >= 0 ? ((nvml_get_of)g)(h, w.of, v) :
			    ((nvml_get)g)(h, v);
			us.push_back(now() - t);
		}
		emit(g == NULL ? "not there" : rc ? "refused" : "available",
		    "'rc':%d,'value':%llu,'us_per_call':%.1f%s", rc, v[0],
		    median(us), rc == 0 && w.renewal ?
		    nvml_renewal((nvml_get)g, h).c_str() : "");
	}
}

/* Launch latency and a 1 ms kernel, beside nobody, an idle and a busy one. */
static std::string
px_pace(const char *word)
{
	samples lat, ms;
	u64 *t = dalloc<u64>(2);
	char b[200];

	for (int i = 0; i < 220; i++) {
		double t0 = now();
		empty<<<1, 32, 0, st>>>();
		finish();
		if (i >= 20)
			lat.push_back(now() - t0);
	}
	for (int i = 0; i < 60; i++)
		ms.push_back(timed([&] {
			spin<<<nsm, 256, 0, st>>>(1000000, t);
		}));
	TRY(d::cuMemFree((CUdeviceptr)t));
	snprintf(b, sizeof(b), "%s'%s_launch_us':%.2f,'%s_1ms_us':%.2f,"
	    "'%s_1ms_p95_us':%.2f", *word == 'a' ? "" : ",", word,
	    median(lat), word, median(ms), word, quantile(ms, .95));
	return b;
}

static void
px_idle(int)
{
	struct kid idle = spawn([](int s) {
		hear(s);
		gpu();
		dalloc<char>(64 << 20);
		empty<<<1, 1, 0, st>>>();
		finish();
		say(s, 0);
		hear(s);
	});
	struct kid work = spawn([](int s) {
		gpu();
		std::string a = px_pace("alone");
		say(s, 0);
		hear(s);
		a += px_pace("beside_idle");
		say(s, 0);
		hear(s);
		a += px_pace("beside_busy");
		emit("pace", "%s", a.c_str());
		say(s, 0);
	});

	hear(work.fd);
	say(idle.fd, 0);
	hear(idle.fd);
	say(work.fd, 0);
	hear(work.fd);
	struct kid b = hang(6, 1);
	say(work.fd, 0);
	hear(work.fd);
	kill(b.pid, SIGKILL);
}

/* One turn: wait for the token, run 1 ms, pass it on. */
static void
px_player(int s)
{
	gpu();
	u64 *t = dalloc<u64>(2), h[2];

	spin<<<1, 1, 0, st>>>(1000000, t);
	finish();
	say(s, 0);
	for (;;) {
		hear(s);
		spin<<<1, 1, 0, st>>>(1000000, t);
		finish();
		say(s, 0);
		TRY(d::cuMemcpyDtoH(h, (CUdeviceptr)t, sizeof(h)));
		put(s, h, sizeof(h));
	}
}

static void
px_alternate(int)
{
	struct kid k[2] = { spawn(px_player), spawn(px_player) };
	double med[2], p95[2];

	hear(k[0].fd);
	hear(k[1].fd);
	for (int two = 0; two < 2; two++) {
		samples gap;
		u64 last = 0, h[2];
		for (int i = 0; i < 120; i++) {
			struct kid *me = &k[two ? i % 2 : 0];
			say(me->fd, 0);
			hear(me->fd);
			/* the stamps of this turn are read while the other
			 * one could start, as a harness would do it */
			if (!get(me->fd, h, sizeof(h)))
				_exit(4);
			if (i >= 20)
				gap.push_back(((double)h[0] - last) / 1e3);
			last = h[1];
		}
		med[two] = median(gap);
		p95[two] = quantile(gap, .95);
	}
	emit("gap between segments", "'one_process_us':%.2f,"
	    "'one_process_p95_us':%.2f,'two_processes_us':%.2f,"
	    "'two_processes_p95_us':%.2f,'switch_us':%.2f", med[0], p95[0],
	    med[1], p95[1], med[1] - med[0]);
}

/* Both ask at once: do they share the device, or wait for each other? */
static void
px_together(int)
{
	struct kid k[2] = { spawn(px_player), spawn(px_player) };
	samples span, over;

	hear(k[0].fd);
	hear(k[1].fd);
	for (int i = 0; i < 60; i++) {
		u64 h[2][2];
		for (auto &p : k)
			say(p.fd, 0);
		for (int j = 0; j < 2; j++) {
			hear(k[j].fd);
			if (!get(k[j].fd, h[j], sizeof(h[j])))
				_exit(4);
			span.push_back((double)(h[j][1] - h[j][0]) / 1e3);
		}
		over.push_back(((double)std::min(h[0][1], h[1][1]) -
		    (double)std::max(h[0][0], h[1][0])) / 1e3);
	}
	emit(median(over) > 0 ? "they interleave" : "one after the other",
	    "'kernel_1ms_span_us':%.1f,'span_p95_us':%.1f,'overlap_us':%.1f",
	    median(span), quantile(span, .95), median(over));
}

static const struct row {
	const char *name;
	void (*f)(int);
	int arg, seconds;
} rows[] = {
	{ "PX.env", px_env, 0, 15 },
	{ "PX.nvml", px_nvml, 0, 15 },
	{ "P5.start_alone", p5_start, 0, 25 },
	{ "P4.events", p4_events, 0, 20 },
	{ "P4.resolution", p4_resolution, 0, 10 },
	{ "P4.hold", p4_hold, 0, 10 },
	{ "P4.queue_depth", p4_depth, 0, 10 },
	{ "P1.limit", p1_limit, 0, 10 },
	{ "P1.nothing", p1_reread, 0, 10 },
	{ "P1.memset", p1_reread, 1, 10 },
	{ "P1.write_read", p1_reread, 2, 10 },
	{ "P1.reset", p1_reread, 3, 10 },
	{ "P1.reset_write_read", p1_reread, 4, 10 },
	{ "P1.eight_slots", p1_reread, 5, 10 },
	{ "P1.demote_write_read", p1_reread, 6, 10 },
	{ "P1.write_read_twice", p1_reread, 7, 10 },
	{ "P1.rotate_fresh", p1_rotate, 1, 10 },
	{ "P1.rotate_same", p1_rotate, 0, 10 },
	{ "P2.granularity", p2_granularity, 0, 10 },
	{ "P2.guard_read", p2_access, READ_PAST, 10 },
	{ "P2.guard_write", p2_access, WRITE_PAST, 10 },
	{ "P2.guard_read_before", p2_access, READ_BEFORE, 10 },
	{ "P2.guard_write_before", p2_access, WRITE_BEFORE, 10 },
	{ "P2.read_64mb_past", p2_access, READ_FAR, 10 },
	{ "P2.cumemalloc_read_past", p2_access, PLAIN_PAST, 10 },
	{ "P2.cumemalloc_read_4gb_past", p2_access, PLAIN_FAR, 10 },
	{ "P2.read_only_read", p2_access, RO_READ, 10 },
	{ "P2.read_only_write", p2_access, RO_WRITE, 10 },
	{ "P2.read_only_memcpy", p2_access, RO_MEMCPY, 10 },
	{ "P2.unmapped", p2_access, UNMAPPED, 10 },
	{ "P2.null", p2_access, NULLPTR, 10 },
	{ "P2.misaligned", p2_access, MISALIGNED, 10 },
	{ "P2.trap", p2_access, TRAP, 10 },
	{ "P2.share", p2_share, 0, 15 },
	{ "P2.cost_2mb", p2_cost, 2, 10 },
	{ "P2.cost_256mb", p2_cost, 256, 10 },
	{ "P2.many", p2_many, 500, 15 },
	{ "P3.same_context", p3_same, 0, 10 },
	{ "P3.two_contexts", p3_contexts, 0, 10 },
	{ "P3.two_processes", p3_processes, 0, 15 },
	{ "P3.process_gone", p3_processes, 1, 15 },
	{ "P3.scrub", p3_scrub, 0, 10 },
	{ "P3.local", p3_local, 0, 10 },
	{ "P6.malloc", p6_host, 0, 10 },
	{ "P6.stack", p6_host, 1, 10 },
	{ "P7.elf", p7_elf, 0, 30 },
	{ "P7.write_constant", p7_write, 1, 10 },
	{ "P7.write_device_const", p7_write, 0, 10 },
	{ "P8.small", p8_module, 1, 15 },
	{ "P8.big", p8_module, 3000, 25 },
	{ "P9.child_grid", p9_child, 0, 10 },
	{ "P9.child_grid_rdc", p9_child, 1, 10 },
	{ "P9.pdl_plain_launch", p9_pdl, 0, 10 },
	{ "P9.pdl_attribute", p9_pdl, 1, 10 },
	{ "P10.aa", p10_aa, 0, 40 },
	{ "PX.timeslice_idle", px_idle, 0, 20 },
	{ "PX.timeslice_alternate", px_alternate, 0, 15 },
	{ "PX.timeslice_together", px_together, 0, 15 },
	{ "P5.kill", p5_kill, 0, 40 },
	{ "P5.start_beside_busy", p5_start, 1, 30 },
	{ "P12.files", p12_include, 0, 20 },
	{ "P12.time_1", p12_procs, 1, 15 },
	{ "P12.time_8", p12_procs, 8, 25 },
	{ "P12.time_16", p12_procs, 16, 30 },
	{ "P12.threads_8", p12_threads, 8, 20 },
};

static void
run(const struct row *r)
{
	double t = now();
	int status = 0;
	pid_t pid, got = 0;

	probe = r->name;
	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r->f(r->arg);
		_exit(0);
	}
	if (pid < 0) {
		emit("failed", "'call':'fork'");
		return;
	}
	setpgid(pid, pid);
	while ((got = waitpid(pid, &status, WNOHANG)) == 0 &&
	    now() - t < r->seconds * 1e6)
		usleep(2000);
	kill(-pid, SIGKILL);
	if (got == 0) {
		emit("timeout", "'seconds':%d", r->seconds);
		for (int i = 0; i < 5000 && got == 0; i++) {
			usleep(2000);
			got = waitpid(pid, &status, WNOHANG);
		}
		if (got == 0)
			emit("cannot be killed", "'pid':%d", (int)pid);
	} else if (WIFSIGNALED(status))
		emit("died", "'signal':%d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		emit("gave up", "'exit':%d", WEXITSTATUS(status));
	fprintf(stderr, "%s: %.2f s\n", r->name, (now() - t) / 1e6);
}

int
main(int argc, char **argv)
{
	double t = now();

	for (auto &r : rows) {
		int want = argc == 1;
		for (int i = 1; i < argc; i++)
			want |= strncmp(r.name, argv[i], strlen(argv[i])) == 0;
		if (!want)
			continue;
		probe = r.name;
		if (now() - t > TOTAL_S * 1e6)
			emit("skipped", "'why':'no time left'");
		else
			run(&r);
	}
	probe = "PX.end";
	emit("done", "'seconds':%.1f", (now() - t) / 1e6);
	return 0;
}
