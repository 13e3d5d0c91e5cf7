package dev.nacelle.train;

import dev.nacelle.file.FaultInjector;
import java.util.function.Consumer;

/**
 * What every part of one run needs.
 *
 * @param listener hears what happens, on the thread of the run
 */
record RunContext(
    FinetuneOptions options,
    FaultInjector faults,
    Consumer<TrainEvent> listener,
    Cancellation cancellation) {
  void tell(TrainEvent event) {
    listener.accept(event);
  }

  /** Tells something that a person should read once. */
  void note(String text) {
    tell(new TrainEvent.Note(text));
  }
}
