/* So many a minute.  What is taken moves the time of the next, so that there
 * are no bursts: servers measure their limits over less than a minute. */
#ifndef LIMIT_H
#define LIMIT_H

/* All zero is no limit. */
struct limit {
	double per_second;
	double next; /* ke_now() from which something may be taken */
};

/* Seconds until something may be taken; 0: at once. */
double limit_wait(const struct limit *, double now);

/* Takes n. */
void limit_take(struct limit *, double now, double n);

/* n more was taken than had been estimated (negative: less). */
void limit_correct(struct limit *, double n);

#endif
