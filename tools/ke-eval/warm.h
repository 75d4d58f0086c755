/* Compilers that have started already: a process in the compiler's sandbox has
 * all of one loaded and forks for each text, so that starting is paid for once.
 * It keeps the right to make name spaces, and gives the process that it forks
 * ones of its own, a folder of its own in memory, and then no rights at all:
 * what was compiled before left nothing there that it could find.  It never
 * looks at a text itself.
 *
 * Who compiles asks it through a socket that all processes of a ke-eval share:
 * a message has what a toolchain's command ends in, e.g. sm_90a, and these
 * descriptors. */
#ifndef KE_EVAL_WARM_H
#define KE_EVAL_WARM_H

#include <stddef.h>

enum {
	WARM_TEXT,   /* memory files, as those of struct cc */
	WARM_OBJECT,
	WARM_REPORT,
	WARM_OUTPUT, /* where the compiler talks */
	WARM_STATUS, /* a socket; what waitpid(2) said comes there, and whoever
	              * has the other end goes on living, or it is killed */
	WARM_FDS
};

#define WARM_WORDS 64   /* bytes of a message, the end's 0 among them */
#define WARM_GONE 125   /* the status of who asked and had no answer */
#define WARM_SOCKET 3   /* the server's end, in the server */
#define WARM_CPU_S 60   /* seconds of a processor, for a text */
#define WARM_FOLDER "/w"
#define WARM_LIBRARY WARM_FOLDER "/warm.so"
#define WARM_FILTER WARM_FOLDER "/filter" /* the system calls', as a program */

struct toolchain;

/* Our end of the socket of the one for this toolchain, which is started where
 * that has not been tried before: the caller holds the processors' lock.  -1
 * where there can be none. */
int warm_socket(const struct toolchain *);
/* It has died: the next one to ask gets -1. */
void warm_forget(void);

/* In a process that stands for one compilation: asks for it, through the socket
 * fd.  The compiler's exit status; WARM_GONE where there was no answer. */
int warm_ask(int fd, const int fds[WARM_STATUS], const char *words);

/* The server's part, for the Python that has loaded it.  From when it is open
 * nothing is written but to folders of one text, and we are told that there is
 * a server: 0, or -1. */
int warm_open(unsigned layers);
/* Waits for a text: 1, with what its message says; 0 where nobody can ask any
 * more. */
int warm_receive(char words[WARM_WORDS]);
/* Forks for it.  1 in the process that is to compile it, the text being its
 * descriptor 3 and the object 4; 0 in the server. */
int warm_fork(void);

/* warm/serve.c and what it needs, as a shared object. */
extern const unsigned char warm_so[];
extern const size_t warm_so_n;

#endif
