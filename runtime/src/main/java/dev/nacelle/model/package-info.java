/**
 * One file a model family: its configuration, its tensors' names and shapes, its order of layers.
 * What a configuration asks for and no code here does is refused by name before a weight is read.
 */
@NullMarked
package dev.nacelle.model;

import org.jspecify.annotations.NullMarked;
