/**
 * How many kinds of text a data set holds: TF-IDF vectors of its samples, k-means for a range of
 * numbers, the elbow of the curve of squared distances. Text in, a number and its curve out;
 * nothing here knows where a text comes from or what the number is for.
 *
 * <p>HydraLoRA (Tian et al. 2024, appendix B) names these three and no more: TF-IDF features,
 * Lloyd's k-means with Euclidean distance, and the elbow. Which words are terms, how they are
 * weighed, how starts are drawn and how the elbow is found are ours, and each class says so.
 */
@NullMarked
package dev.nacelle.data.topics;

import org.jspecify.annotations.NullMarked;
