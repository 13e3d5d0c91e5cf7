/**
 * What the operators share on the Java side: checks of arguments, elements of any storage type, and
 * the view of a tensor as rows. An operator's own rules live in the operator's package.
 */
@NullMarked
package dev.nacelle.kernels.common;

import org.jspecify.annotations.NullMarked;
