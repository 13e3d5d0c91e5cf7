/**
 * One file a model family: its configuration, its tensors' names and shapes, its order of layers.
 */
@NullMarked
package dev.nacelle.model;

import org.jspecify.annotations.NullMarked;
