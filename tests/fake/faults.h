/* Faults on demand.  The file "faults" beside the library has a line each:
 *
 *	PROCESS CALL NTH TIMES RESULT FIRED
 *
 * In a PROCESS (keeper, which is also who only asks what the device is;
 * runner; compiler; * for any) the NTH and later calls of CALL end in RESULT,
 * as long as it was not more than TIMES over all processes (0: however often).
 * Of a CALL "NAME:ARGUMENT" those count that were made for the argument, a
 * kernel (to the compiler the first of the text).
 * RESULT is a code; hang; exit or abort, of the process; lost, of the device,
 * for every process from then on, or lost:N, until N (a digit) have asked for
 * it in vain; or a value after an equals sign.  FIRED, four
 * digits, is how often it came to that: written into the file in place, since
 * a runner may not make a file longer. */
#ifndef FAKE_FAULTS_H
#define FAKE_FAULTS_H

#include <stdbool.h>

#define FAULT_HANG (-2)
#define FAULT_LOST 999 /* CUDA_ERROR_UNKNOWN */

/* What the call is to end in: 0 where nothing is said of it.  The argument may
 * be NULL. */
int fault(const char *call, const char *argument);

/* Is the device lost to this process, which may be about to open it? */
bool fault_lost(bool opens);

/* The value that a line sets; or else is the one to go by. */
double fault_value(const char *call, const char *argument, double otherwise);

#endif
