/** What a model is made of: linear layers with their adapters, norms, attention and MLP blocks. */
@NullMarked
package dev.nacelle.layer;

import org.jspecify.annotations.NullMarked;
