package dev.nacelle.train;

/**
 * What the trainer itself needs to know.
 *
 * @param clip largest gradient norm; 0 for no bound
 * @param balanceWeight what the mean balance of the routers is multiplied with before it joins the
 *     loss that is differentiated; 0 for none
 */
public record TrainSettings(
    Schedule schedule, AdamSettings adam, double clip, double balanceWeight) {
  /** Without a balance. */
  public TrainSettings(Schedule schedule, AdamSettings adam, double clip) {
    this(schedule, adam, clip, 0);
  }
}
