/**
 * The public face of Nacelle, and all of it: {@link dev.nacelle.Nacelle} opens an engine, {@link
 * dev.nacelle.Finetuning}, {@link dev.nacelle.Generation} and {@link dev.nacelle.Evaluation} say
 * what is wanted, and {@link dev.nacelle.NacelleException} what went wrong. The packages below are
 * exported to nobody and change without notice; the command line stands on them too.
 */
@NullMarked
package dev.nacelle;

import org.jspecify.annotations.NullMarked;
