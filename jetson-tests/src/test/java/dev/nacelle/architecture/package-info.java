/**
 * What the shape of the code promises: arrows between modules and rooms, and who may touch what.
 */
@NullMarked
package dev.nacelle.architecture;

import org.jspecify.annotations.NullMarked;
