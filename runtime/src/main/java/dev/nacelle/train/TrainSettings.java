package dev.nacelle.train;

/**
 * What the trainer itself needs to know.
 *
 * @param clip largest gradient norm; 0 for no bound
 */
public record TrainSettings(Schedule schedule, AdamSettings adam, double clip) {}
