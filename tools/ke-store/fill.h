/* What a new version of the schema holds of what was there before. */
#ifndef FILL_H
#define FILL_H

#include "db.h"

void fill_2(struct store *);

#endif
