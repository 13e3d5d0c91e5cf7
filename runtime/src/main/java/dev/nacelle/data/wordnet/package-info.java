/**
 * The demonstration's data set: questions about words, made of WordNet 3.1. Only the process that
 * makes it loads WordNet's reader; everyone else sees two JSONL files in the cache.
 */
@NullMarked
package dev.nacelle.data.wordnet;

import org.jspecify.annotations.NullMarked;
