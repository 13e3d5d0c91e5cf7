/** The techniques that save memory, as data: what each does, costs and forbids, and its figures. */
@NullMarked
package dev.nacelle.memory.technique;

import org.jspecify.annotations.NullMarked;
