package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A dict of tensors that torch.save wrote: a zip file with a pickle {@code data.pkl} and one member
 * for each storage. It is read by {@link TensorUnpickler}: nothing of it is run.
 */
final class TorchFile implements TensorSource {
  /** A pickle names tensors and their shapes; a megabyte is a lot. */
  private static final long LARGEST_PICKLE = 64L << 20;

  private static final String PICKLE = "/data.pkl";

  private final Path path;
  private final NativeBuffer mapped;
  private final Map<String, TensorEntry> entries;
  private final FaultInjector faults;

  private TorchFile(
      Path path, NativeBuffer mapped, Map<String, TensorEntry> entries, FaultInjector faults) {
    this.path = path;
    this.mapped = mapped;
    this.entries = entries;
    this.faults = faults;
  }

  /**
   * Maps the file and reads its pickle.
   *
   * @throws NacelleException of kind INPUT, naming the opcode, the global, the tensor or the place
   */
  static TorchFile open(Path file, FaultInjector faults) {
    NativeBuffer mapped = MappedFile.open(file, "a file of torch.save", 22);
    try {
      return new TorchFile(file, mapped, read(file, mapped), faults);
    } catch (RuntimeException | Error e) {
      mapped.close();
      throw e;
    }
  }

  private static Map<String, TensorEntry> read(Path file, NativeBuffer mapped) {
    Map<String, ZipDirectory.Member> members = ZipDirectory.read(file, mapped);
    List<String> pickles = members.keySet().stream().filter(n -> n.endsWith(PICKLE)).toList();
    if (pickles.size() != 1) {
      throw error(file, "it has " + pickles.size() + " members …" + PICKLE + " instead of one");
    }
    String pickle = pickles.getFirst();
    String folder = pickle.substring(0, pickle.length() - PICKLE.length());
    requireLittleEndian(file, mapped, members.get(folder + "/byteorder"));
    Map<String, TensorEntry> entries = new LinkedHashMap<>();
    new TensorUnpickler(file, bytes(file, mapped, members.get(pickle)))
        .dict()
        .items()
        .forEach(
            (name, value) -> {
              if (!(value instanceof PickleValue.Tensor tensor)) {
                throw error(file, Quoted.name(name) + " in its pickle is no tensor");
              }
              String storage = folder + "/data/" + tensor.storage().key();
              entries.put(name, entry(file, name, tensor, members.get(storage)));
            });
    return entries;
  }

  private static void requireLittleEndian(
      Path file, NativeBuffer mapped, ZipDirectory.@Nullable Member order) {
    if (order != null
        && !new String(bytes(file, mapped, order), StandardCharsets.UTF_8).equals("little")) {
      throw error(file, "its numbers are not little-endian");
    }
  }

  private static byte[] bytes(
      Path file, NativeBuffer mapped, ZipDirectory.@Nullable Member member) {
    if (member == null || member.bytes() > LARGEST_PICKLE) {
      throw error(file, "its pickle is larger than " + LARGEST_PICKLE + " bytes");
    }
    byte[] bytes = new byte[(int) member.bytes()];
    mapped.read(member.offset(), bytes, 0, bytes.length);
    return bytes;
  }

  private static TensorEntry entry(
      Path file, String name, PickleValue.Tensor tensor, ZipDirectory.@Nullable Member member) {
    PickleValue.Storage storage = tensor.storage();
    int each = storage.type().dtype().bytes();
    if (member == null
        || member.bytes() / each != storage.elements()
        || member.bytes() % each != 0) {
      throw error(
          file,
          "the storage of tensor "
              + Quoted.name(name)
              + " should hold "
              + storage.elements()
              + " elements of "
              + each
              + " bytes, and "
              + (member == null ? "is missing" : "has " + member.bytes() + " bytes"));
    }
    long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
    long elements = 1;
    for (long size : shape) {
      elements *= size;
    }
    return new TensorEntry(
        name,
        storage.type().label(),
        storage.type().dtype(),
        shape,
        member.offset() + tensor.offset() * each,
        elements * each);
  }

  /** A file of torch.save that is not read. */
  static NacelleException error(Path file, String what) {
    return NacelleException.input(
        Quoted.path(file) + ": " + what,
        "read are dicts of tensors that PyTorch 1.6 or later saved; load it where you trust it, and"
            + " save it as safetensors");
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public NativeBuffer data(String name) {
    TensorEntry entry = entry(name);
    SafetensorsFile.failIfAsked(faults, path, name);
    return mapped.slice(entry.offset(), entry.bytes());
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    TensorEntry entry = entry(name);
    Float32.widen(path, entry, data(name), 0, entry.elements(), target);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    TensorEntry entry = entry(name);
    Float32.widen(path, entry, data(name), first * entry.columns(), rows * entry.columns(), target);
  }

  @Override
  public void close() {
    if (!mapped.isClosed()) {
      mapped.close();
    }
  }
}
