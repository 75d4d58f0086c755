/* Numbers as people read them: four digits and a unit that suits. */
#ifndef KE_EVAL_QUANTITY_H
#define KE_EVAL_QUANTITY_H

#include <stddef.h>

#define QUANTITY 40 /* bytes that hold any of the texts below */

/* "1.742 ms", of microseconds. */
void quantity_time(double us, char out[QUANTITY]);

/* "1.742 +- 0.021 ms": the spread has the value's unit and decimals. pm is
 * what stands between them. */
void quantity_spread(double us, double spread_us, const char *pm,
    char out[QUANTITY]);

/* "1.42 ... 1.51 ms": two times in the unit of the larger one. */
void quantity_range(double lo_us, double hi_us, char out[QUANTITY]);

/* Three digits, at most two decimals: "101", "1.47"; an exponent below 0.001
 * and from 1e6 on. */
void quantity_number(double, char out[QUANTITY]);

/* A ratio: two decimals below 10, three digits from there: "1.32", "15.3". */
void quantity_ratio(double, char out[QUANTITY]);

/* Half the width of a ratio's interval around mid, "0.02": its larger side. */
void quantity_half(double mid, double lo, double hi, char out[QUANTITY]);

#endif
