/**
 * Every operator in plain Java with sums in double: slow, readable, the oracle of the tests, and
 * what runs where no C library could be built.
 */
@NullMarked
package dev.nacelle.kernels.reference;

import org.jspecify.annotations.NullMarked;
