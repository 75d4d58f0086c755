/* Between the fake driver and a kernel that it runs: what a thread reads of
 * its place, and whom it calls.  The driver puts its address into the module's
 * fake_device. */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#define FAKE_VALUE 16 /* most bytes that lanes exchange */

struct fake_three {
	unsigned x, y, z;
};

struct fake_device {
	struct fake_three thread, block, threads, blocks;
	void *shared; /* the dynamic part of it */
	void (*sync)(void);
	/* Every lane of the warp gives its bytes: where those of lane 0 are,
	 * and FAKE_VALUE further those of each next, until the lane's next
	 * call; and which lanes gave some, as bits. */
	const char *(*exchange)(const void *mine, unsigned bytes,
	    unsigned long long *lanes);
	void (*warp)(void);
	void (*trap)(void);
	unsigned long long (*time)(void); /* ns */
	long long (*clock)(void);         /* cycles of an SM */
};

#endif
