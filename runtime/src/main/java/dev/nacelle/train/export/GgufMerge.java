package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.ElementEncoder;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Quoted;
import dev.nacelle.model.GgufNames;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Merges adapters into their base as one GGUF file. Matrices are written in the type asked for,
 * vectors in F32, as llama.cpp's own tools do; a matrix whose rows are no multiple of 32 stays F16.
 */
public final class GgufMerge {
  /** What matrices are written in. */
  public enum Type {
    F16(1),
    Q8_0(7);

    private final int fileType;

    Type(int fileType) {
      this.fileType = fileType;
    }

    /** As the command line spells it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final MergeOptions options;
  private final Type type;
  private final FaultInjector faults;
  private final Consumer<TrainEvent> listener;
  private final Rounding rounding = new Rounding();

  /**
   * @param listener hears how far it is
   */
  public GgufMerge(
      MergeOptions options, Type type, FaultInjector faults, Consumer<TrainEvent> listener) {
    this.options = options;
    this.type = type;
    this.faults = faults;
    this.listener = listener;
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @throws NacelleException as {@link FolderMerge#run}; of kind INPUT too where a folder's
   *     configuration or tokenizer is none that GGUF's metadata can express
   */
  public MergeResult run() {
    checkTarget(options.out(), options.overwrite());
    FolderMerge.refuseOwnInput(options);
    try (MergeBase base = MergeBase.open(options.model(), faults);
        Updates updates = Updates.open(options, base.linears(), faults)) {
      List<MergeBase.Piece> pieces = base.pieces(updates);
      GgufWriter writer = GgufHeads.of(base, type.fileType);
      long total = pieces.stream().mapToLong(MergeBase.Piece::elements).sum();
      long[] done = {0};
      try (TensorStream stream =
          new TensorStream(
              base.source(),
              rounding,
              options.threads(),
              n -> {
                done[0] += n;
                listener.accept(new TrainEvent.Preparing("merging", done[0], total));
              })) {
        for (MergeBase.Piece piece : pieces) {
          add(writer, stream, base, updates, piece);
        }
        writer.write(options.out(), faults);
      }
      return new MergeResult(
          options.out(),
          type.label(),
          pieces.size(),
          1,
          writer.tensorBytes(),
          updates.modules().size(),
          base.unties(updates),
          rounding);
    }
  }

  private void add(
      GgufWriter writer,
      TensorStream stream,
      MergeBase base,
      Updates updates,
      MergeBase.Piece piece) {
    long[] shape = piece.shape();
    boolean vector = shape.length < 2;
    boolean blocks = type == Type.Q8_0 && !vector && shape[1] % 32 == 0;
    ElementEncoder encoder =
        blocks ? ElementEncoder.q8Blocks() : ElementEncoder.of(vector ? DType.FP32 : DType.FP16);
    int headDim = GgufNames.interleavedRows(base.config(), piece.name());
    TensorStream.Change change =
        new TensorStream.Change(headDim, GgufNames.shift(base.config(), piece.name()));
    NamedTensor.Payload payload = sink -> stream.write(piece, change, updates, encoder, sink);
    writer.add(
        GgufNames.of(base.config().family(), piece.name()),
        blocks ? "Q8_0" : vector ? "F32" : "F16",
        shape,
        payload);
  }

  /** Refuses a target that is not free, or whose folder is not there. */
  static void checkTarget(Path out, boolean overwrite) {
    if (Files.isDirectory(out)) {
      throw NacelleException.environment(
          "--out " + Quoted.path(out) + " is a folder, and a GGUF model is one file",
          "name a file, " + Quoted.path(out.resolve("model.gguf")) + " say",
          null);
    }
    if (Files.exists(out) && !overwrite) {
      throw NacelleException.usage(
          "--out " + Quoted.path(out) + " exists", "add --overwrite, or name another file");
    }
  }
}
