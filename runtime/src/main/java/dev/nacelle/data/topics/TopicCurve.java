package dev.nacelle.data.topics;

import java.util.List;

/**
 * A number of topics and what it was read from.
 *
 * @param chosen the elbow of the curve
 * @param sse sums of squared distances with 1, 2, … centres; empty where only the choice is known
 * @param texts that were looked at
 * @param terms that tell them apart
 */
public record TopicCurve(int chosen, List<Double> sse, long texts, int terms) {}
