/** The public interface as an embedding program meets it. */
@NullMarked
package dev.nacelle.embedding;

import org.jspecify.annotations.NullMarked;
