package dev.nacelle.train;

import java.util.List;
import java.util.Map;

/**
 * What a checkpoint was made of and with.
 *
 * @param flags of the run, {@link OptionFlags}
 * @param isa level of our kernels
 * @param products which library multiplied each class of shapes: others give other bits
 */
record Provenance(
    RunInputs inputs,
    Map<String, List<String>> flags,
    String isa,
    int threads,
    Map<String, String> products) {}
