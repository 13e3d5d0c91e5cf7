package dev.nacelle;

import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.Reading;
import dev.nacelle.data.Sample;
import dev.nacelle.data.SampleEncoder;
import dev.nacelle.memory.Ledger;
import dev.nacelle.text.Message;
import dev.nacelle.train.Answer;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.Generator;
import dev.nacelle.train.ReadyModel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A model with its weights, ready to write and to be measured, with adapters or without. Weights
 * are mapped from their file where the compute type allows it.
 *
 * <p>Safe for several threads, one call at a time: a second call waits for the first. A listener
 * must not call the model that it hears. {@link #close} waits for the call that goes on, then gives
 * all native memory back.
 */
public final class LanguageModel implements AutoCloseable {
  private final Nacelle engine;
  private final Path path;
  private final ReadyModel ready;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  LanguageModel(Nacelle engine, Path path, ReadyModel ready) {
    this.engine = engine;
    this.path = path;
    this.ready = ready;
  }

  static List<AdapterBlend.Choice> choices(List<WeightedAdapter> adapters) {
    return adapters.stream().map(a -> new AdapterBlend.Choice(a.folder(), a.weight())).toList();
  }

  /** Where it was opened. */
  public Path path() {
    return path;
  }

  /**
   * The ids of a text, with the special tokens that the tokenizer adds to plain text.
   *
   * @return (N)
   * @throws NacelleException of kind USAGE where the model is closed
   */
  public int[] tokenize(String text) {
    return exclusively(() -> ready.base().tokenizer().encode(text, true).ids());
  }

  /**
   * Takes off the adapters that were added before and adds these instead; with several, their
   * updates are summed.
   *
   * @param adapters empty for the model as it is
   * @throws NacelleException of kind INPUT where one is missing, malformed or for another model;
   *     the model is then without adapters
   */
  public void adapt(List<WeightedAdapter> adapters) {
    exclusively(
        () -> {
          ready.adapt(choices(adapters));
          return true;
        });
  }

  /** Writes; otherwise as {@link #generate(Generation, Predicate)}. */
  public GeneratedText generate(Generation request) {
    return generate(request, piece -> true);
  }

  /**
   * Writes, and lets each piece of text be heard as it comes.
   *
   * @param listener hears every piece once, in order, on this thread; false ends the text. An
   *     exception of its own ends the call and comes out of it as it is
   * @throws NacelleException of kind INPUT where the prompt has no token or the template refuses
   *     the conversation; BUDGET where the memory does not suffice; USAGE where the model is closed
   */
  public GeneratedText generate(Generation request, Predicate<String> listener) {
    return exclusively(() -> write(request, listener));
  }

  private GeneratedText write(Generation request, Predicate<String> listener) {
    BaseModel base = ready.base();
    int[] prompt = prompt(base, request);
    boolean[] goesOn = {true};
    Answer answer =
        new Answer(
            base.tokenizer(),
            request.stops(),
            piece -> Failures.call(() -> goesOn[0] &= listener.test(piece)));
    long begin = System.nanoTime();
    Answer.Result result =
        answer.generate(
            new Generator(ready.model(), base.endTokens()),
            prompt,
            request.maxNewTokens(),
            request.sampling(),
            request.seed(),
            () -> goesOn[0]);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new GeneratedText(result.text(), result.ids(), prompt.length, seconds);
  }

  private static int[] prompt(BaseModel base, Generation request) {
    String prompt = request.prompt();
    if (prompt != null) {
      return base.tokenizer().encode(prompt, true).ids();
    }
    List<Message> messages =
        request.chat().stream().map(m -> new Message(m.role(), m.content())).toList();
    return base.tokenizer().encode(base.template().render(messages, true), false).ids();
  }

  /** Measures; otherwise as {@link #evaluate(Evaluation, ProgressListener)}. */
  public EvaluationSummary evaluate(Evaluation request) {
    return evaluate(request, ProgressListener.NONE);
  }

  /**
   * Measures loss and perplexity on data that is read once, in the order of the files.
   *
   * @throws NacelleException of kind INPUT where a file is missing, a line is bad or nothing is
   *     left to evaluate; INTERNAL where the loss is not a number; USAGE where the model is closed
   */
  public EvaluationSummary evaluate(Evaluation request, ProgressListener listener) {
    return exclusively(() -> measure(request, listener));
  }

  private EvaluationSummary measure(Evaluation request, ProgressListener listener) {
    BaseModel base = ready.base();
    SampleEncoder encoder =
        new SampleEncoder(base.tokenizer(), base.template(), base.eosId(), request.tokenizing());
    Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
    try (Dataset dataset =
        Dataset.open(
            request.data(),
            encoder,
            scratch,
            (done, total) -> Failures.call(() -> listener.at("reading", done, total)))) {
      dev.nacelle.train.Evaluation.Result result =
          new dev.nacelle.train.Evaluation(
                  new Evaluator(ready.engine(), ready.model()), request.batchSize())
              .run(
                  dataset.all(),
                  Unheard.INSTANCE,
                  (done, total) -> Failures.call(() -> listener.at("evaluating", done, total)));
      return new EvaluationSummary(
          result.loss(),
          Math.min(Double.MAX_VALUE, Math.exp(result.loss())),
          result.targetTokens(),
          result.samples(),
          result.truncated(),
          result.dropped(),
          dataset.badLines());
    }
  }

  /** Nobody asks for single samples here. */
  private enum Unheard implements dev.nacelle.train.Evaluation.Listener {
    INSTANCE;

    @Override
    public void evaluated(Sample sample, float[] losses) {}

    @Override
    public void dropped(Reading.Dropped record) {}
  }

  Ledger ledger() {
    return ready.engine().ledger();
  }

  private <T> T exclusively(Supplier<T> action) {
    if (lock.isHeldByCurrentThread()) {
      throw NacelleException.usage(
          "a listener called the model that it hears", "call it after the other call has ended");
    }
    lock.lock();
    try {
      if (closed) {
        throw NacelleException.usage("the model " + path + " is closed", "open it again");
      }
      return Failures.guard(action);
    } finally {
      lock.unlock();
    }
  }

  /** Gives everything back; a second call does nothing. */
  @Override
  public void close() {
    if (lock.isHeldByCurrentThread()) {
      throw NacelleException.usage(
          "a listener closed the model that it hears", "close it after the call has ended");
    }
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        engine.forget(this);
        Failures.guard(
            () -> {
              ready.close();
              return true;
            });
      }
    } finally {
      lock.unlock();
    }
  }
}
