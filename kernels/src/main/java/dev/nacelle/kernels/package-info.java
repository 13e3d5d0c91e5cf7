/**
 * The operators: each once, as C, CUDA, Java reference and specification, behind one typed Java
 * face. Nothing here knows of tapes, layers or models.
 */
@NullMarked
package dev.nacelle.kernels;

import org.jspecify.annotations.NullMarked;
