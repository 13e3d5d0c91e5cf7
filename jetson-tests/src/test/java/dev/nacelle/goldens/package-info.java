/** What PEFT did on tiny models, and whether the command line does the same. */
@NullMarked
package dev.nacelle.goldens;

import org.jspecify.annotations.NullMarked;
