package dev.nacelle.train.export;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.AtomicFolder;
import dev.nacelle.file.ElementEncoder;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.JsonText;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Merges adapters into their base as a folder that transformers opens. */
public final class FolderMerge {
  private final MergeOptions options;
  private final FaultInjector faults;
  private final Consumer<TrainEvent> listener;
  private final Rounding rounding = new Rounding();

  /**
   * @param listener hears how far it is
   */
  public FolderMerge(MergeOptions options, FaultInjector faults, Consumer<TrainEvent> listener) {
    this.options = options;
    this.faults = faults;
    this.listener = listener;
  }

  /**
   * Writes the folder, whole or not at all.
   *
   * @throws NacelleException as the readers say; of kind USAGE where the target is not free, of
   *     kind INPUT where a merged number does not fit the type
   */
  public MergeResult run() {
    AtomicFolder.check(options.out(), options.overwrite());
    refuseOwnInput(options);
    try (MergeBase base = MergeBase.open(options.model(), faults);
        Updates updates = Updates.open(options, base.linears(), faults)) {
      DType dtype = options.dtype() == null ? base.dtype() : options.dtype();
      List<MergeBase.Piece> pieces = base.pieces(updates);
      List<List<MergeBase.Piece>> shards = shards(pieces, dtype);
      AtomicFolder.write(
          options.out(),
          faults,
          entry -> !isWeight(entry),
          folder -> fill(folder, base, updates, dtype, pieces, shards));
      long bytes = pieces.stream().mapToLong(p -> p.elements() * dtype.bytes()).sum();
      return new MergeResult(
          options.out(),
          dtype.label(),
          pieces.size(),
          shards.size(),
          bytes,
          updates.modules().size(),
          base.unties(updates),
          rounding);
    }
  }

  /** Weights of the model that lay there: beside the new ones they would be read in their place. */
  private static boolean isWeight(Path entry) {
    String name = String.valueOf(entry.getFileName());
    return name.matches("(model|pytorch_model).*\\.(safetensors|bin|safetensors\\.index\\.json)")
        || name.endsWith(AtomicFile.TEMPORARY_SUFFIX);
  }

  /** Replacing what is being read would lose it where anything fails. */
  static void refuseOwnInput(MergeOptions options) {
    List<Path> inputs = new ArrayList<>(List.of(options.model()));
    options.adapters().forEach(a -> inputs.add(a.folder()));
    for (Path input : inputs) {
      Path real = real(input);
      Path out = real(options.out());
      if (real != null && out != null && real.startsWith(out)) {
        throw NacelleException.usage(
            "--out "
                + Quoted.path(options.out())
                + " would replace "
                + Quoted.path(input)
                + ", which is read",
            "name another folder");
      }
    }
  }

  private static @Nullable Path real(Path path) {
    try {
      return Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
    } catch (IOException e) {
      return null; // opening it says what is wrong
    }
  }

  private void fill(
      Path folder,
      MergeBase base,
      Updates updates,
      DType dtype,
      List<MergeBase.Piece> pieces,
      List<List<MergeBase.Piece>> shards) {
    ModelFiles.write(base, folder, dtype, base.unties(updates), faults);
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
      ElementEncoder encoder = ElementEncoder.of(dtype);
      for (int i = 0; i < shards.size(); i++) {
        List<NamedTensor> tensors = new ArrayList<>();
        for (MergeBase.Piece piece : shards.get(i)) {
          tensors.add(
              new NamedTensor(
                  piece.name(),
                  dtype,
                  piece.shape(),
                  sink -> stream.write(piece, TensorStream.Change.NONE, updates, encoder, sink)));
        }
        SafetensorsWriter.write(
            folder.resolve(shardName(i, shards.size())),
            tensors,
            SafetensorsWriter.PYTORCH_METADATA,
            faults);
      }
    }
    if (shards.size() > 1) {
      AtomicFile.writeText(
          folder.resolve("model.safetensors.index.json"),
          faults,
          JsonText.pretty(index(shards, dtype)));
    }
  }

  /** Tensors in order, as many a file as stay below the limit. */
  private List<List<MergeBase.Piece>> shards(List<MergeBase.Piece> pieces, DType dtype) {
    List<List<MergeBase.Piece>> shards = new ArrayList<>();
    List<MergeBase.Piece> open = new ArrayList<>();
    long bytes = 0;
    for (MergeBase.Piece piece : pieces) {
      long size = piece.elements() * dtype.bytes();
      if (!open.isEmpty() && bytes + size > options.shardBytes()) {
        shards.add(open);
        open = new ArrayList<>();
        bytes = 0;
      }
      open.add(piece);
      bytes += size;
    }
    shards.add(open);
    return shards;
  }

  private static String shardName(int index, int count) {
    return count == 1
        ? "model.safetensors"
        : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", index + 1, count);
  }

  private static ObjectNode index(List<List<MergeBase.Piece>> shards, DType dtype) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    long total = 0;
    ObjectNode metadata = root.putObject("metadata");
    ObjectNode map = root.putObject("weight_map");
    for (int i = 0; i < shards.size(); i++) {
      for (MergeBase.Piece piece : shards.get(i)) {
        total += piece.elements() * dtype.bytes();
        map.put(piece.name(), shardName(i, shards.size()));
      }
    }
    metadata.put("total_size", total);
    return root;
  }
}
