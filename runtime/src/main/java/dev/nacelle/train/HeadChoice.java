package dev.nacelle.train;

import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.PeftAdapter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many heads a HydraLoRA adapter gets whose data is to say it ({@code --heads auto}): as many
 * as the training texts have topics. Chosen once a run; one that goes on has what it began with.
 *
 * @param options with a number of heads in place of the question
 * @param curve what the number was read from; null where there was no question
 */
record HeadChoice(FinetuneOptions options, @Nullable TopicCurve curve) {
  /** Asks the data, or what the run wrote down when it began, and tells the listener. */
  static HeadChoice of(RunContext run, FinetuneData data, @Nullable Checkpoint from) {
    FinetuneOptions options = run.options();
    if (!options.adapter().kind().equals(HydraKind.AS_DATA_SAYS)) {
      return new HeadChoice(options, null);
    }
    TopicCurve curve = from == null ? data.topics(run) : remembered(options, from);
    run.tell(new TrainEvent.HeadsChosen(curve, from != null));
    HydraKind chosen = new HydraKind(curve.chosen());
    return new HeadChoice(options.with(options.adapter().withKind(chosen)), curve);
  }

  /** The number that a checkpoint's adapter has; with its curve where that was written down. */
  private static TopicCurve remembered(FinetuneOptions options, Checkpoint from) {
    int heads =
        PeftAdapter.readConfig(from.folder()).kind() instanceof HydraKind hydra ? hydra.heads() : 1;
    TopicCurve written = RunMemory.heads(options.out());
    return written != null && written.chosen() == heads
        ? written
        : new TopicCurve(heads, List.of(), 0, 0);
  }
}
