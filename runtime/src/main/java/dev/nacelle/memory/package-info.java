/** Who holds how many bytes: the ledger, the arena behind it, and the scopes that give back. */
@NullMarked
package dev.nacelle.memory;

import org.jspecify.annotations.NullMarked;
