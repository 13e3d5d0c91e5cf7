package dev.nacelle.cli;

import dev.nacelle.devices.recognition.ProfileReserve;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.Calibration;
import dev.nacelle.planning.MachineCosts;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What this machine takes and gives. */
final class ThisMachine {
  private ThisMachine() {}

  /**
   * What was measured here, once.
   *
   * @param threads of the kernels
   * @param note hears that it takes a moment, where it was not measured before
   */
  static Calibration calibration(int threads, Consumer<String> note) {
    return Calibration.of(Settings.cacheFolder(), CalibrationMain.class.getName(), threads, note);
  }

  /** The same, as plans ask for it. */
  static MachineCosts costs(int threads, Consumer<String> note) {
    return MachineCosts.measured(calibration(threads, note));
  }

  /**
   * What the process may hold here.
   *
   * @param asked bytes that {@code --budget} names; null for what is there
   * @throws dev.nacelle.NacelleException of kind BUDGET where more is asked than is there
   */
  static Budget budget(@Nullable Long asked) {
    return new Budget(asked, ProfileReserve.watchThisMachine());
  }

  /** To a person. */
  static void say(String line) {
    System.err.println("nacelle: " + line);
  }
}
