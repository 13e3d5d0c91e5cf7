/* One element of the sum of squares, for C and CUDA. */
#ifndef NK_SUM_OF_SQUARES_MATH_H
#define NK_SUM_OF_SQUARES_MATH_H

#include "nk_math.h"

/* x²: two floats' product has 48 bits, so a double holds it exactly. */
NK_MATH double nk_square(float x) { return (double)x * (double)x; }

NK_MATH float nk_square_gradient(float x, float grad_sum) { return 2.0f * x * grad_sum; }

#endif
