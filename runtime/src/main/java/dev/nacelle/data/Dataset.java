package dev.nacelle.data;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.text.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The records of some data files, by number, each read and tokenised when it is asked for.
 *
 * <p>{@link #open} reads every record once, checks that it has a known shape, and notes where it
 * lies; that is as fast as parsing JSON is. Whether a record leaves a sample is known only when it
 * is tokenised, which {@link DataView#measure} does for all of them; a run that counts steps need
 * not wait for that. Not safe for threads.
 */
public final class Dataset implements AutoCloseable {
  private static final int RECORDS_A_NOTICE = 256;
  private static final int LARGE_RECORD = 1 << 20;

  private final SampleEncoder encoder;
  private final List<SourceFile> files;
  private final RecordIndex index;
  private final FaultInjector faults;
  private long badLines;
  private long bytes;

  private Dataset(
      SampleEncoder encoder, List<SourceFile> files, RecordIndex index, FaultInjector faults) {
    this.encoder = encoder;
    this.faults = faults;
    this.files = files;
    this.index = index;
  }

  /**
   * Reads through the files.
   *
   * @param paths JSONL or one JSON array each, possibly gzip; taken in this order
   * @param scratch a folder for temporary files: 32 bytes a record, and the whole of a compressed
   *     file unpacked
   * @throws NacelleException (input) for a missing or damaged file, for a bad line (unless they are
   *     skipped), and where no record is left
   */
  public static Dataset open(
      List<Path> paths, SampleEncoder encoder, Path scratch, Progress progress) {
    return open(paths, encoder, scratch, progress, FaultInjector.none());
  }

  /**
   * The same, where reading a record may be made to fail.
   *
   * @param faults counts every record each time that it is read
   */
  public static Dataset open(
      List<Path> paths,
      SampleEncoder encoder,
      Path scratch,
      Progress progress,
      FaultInjector faults) {
    List<SourceFile> files = new ArrayList<>();
    RecordIndex index = new RecordIndex(scratch);
    Dataset dataset = new Dataset(encoder, files, index, faults);
    try {
      for (Path path : paths) {
        files.add(SourceFile.open(path, scratch));
      }
      dataset.read(progress);
      return dataset;
    } catch (Throwable e) {
      dataset.close();
      throw e;
    }
  }

  /**
   * The conversation that a file holds: one JSON list of {role, content}.
   *
   * @throws NacelleException (input) where it is something else
   */
  public static List<Message> readConversation(Path file) {
    try {
      if (Files.size(file) > JsonRecord.MAX_BYTES) {
        throw new BadRecordException("the file is longer than 64 MiB");
      }
      byte[] bytes = Files.readAllBytes(file);
      String text = new String(bytes, 0, Math.min(3, bytes.length), StandardCharsets.UTF_8);
      return ExampleParser.messages(
          text.startsWith("\uFEFF") ? java.util.Arrays.copyOfRange(bytes, 3, bytes.length) : bytes);
    } catch (IOException e) {
      throw SourceFile.unreadable(file, e);
    } catch (BadRecordException e) {
      throw NacelleException.input(
          file + ": " + e.getMessage(),
          "The file is one JSON list: [{\"role\": \"user\", \"content\": \"…\"}, …].");
    }
  }

  private void read(Progress progress) {
    long total = files.stream().mapToLong(SourceFile::size).sum();
    long before = 0;
    long seen = 0;
    for (int f = 0; f < files.size(); f++) {
      SourceFile file = files.get(f);
      RecordScanner scanner = new RecordScanner(file);
      while (scanner.next()) {
        note(scanner, file, f);
        if (++seen % RECORDS_A_NOTICE == 0) {
          progress.at(before + scanner.position(), total);
        }
      }
      before += file.size();
    }
    index.flush();
    progress.at(total, total);
    if (index.size() == 0) {
      throw NacelleException.input(
          "There is no record in %s%s."
              .formatted(names(), badLines == 0 ? "" : "; " + badLines + " bad lines were skipped"),
          "Check the file; each line is one JSON object.");
    }
  }

  private void note(RecordScanner scanner, SourceFile file, int number) {
    try {
      if (scanner.fault() != null) {
        throw new BadRecordException(scanner.fault());
      }
      if (scanner.length() > JsonRecord.MAX_BYTES) {
        throw new BadRecordException(
            "the record has %,d bytes, more than 64 MiB".formatted(scanner.length()));
      }
      int length = (int) scanner.length();
      long hash =
          withinHeap(
              length,
              () -> {
                byte[] record = bytes(file, scanner.start(), length, scanner.line());
                ExampleParser.parse(record, encoder.options().format());
                return RecordBytes.hash(record);
              });
      index.add(new RecordIndex.Entry(scanner.start(), scanner.line(), hash, length, number));
      bytes += length;
    } catch (BadRecordException e) {
      if (!encoder.options().skipBadLines()) {
        throw e.fatal(file.path(), scanner.line());
      }
      badLines++;
    }
  }

  private interface Work<T> {
    T run() throws BadRecordException;
  }

  /**
   * A record within the limit of 64 MiB may still be too large for a small heap. Its arrays are
   * what could not be had, and letting go of them is all that is needed to go on.
   */
  private static <T> T withinHeap(int length, Work<T> work) throws BadRecordException {
    try {
      return work.run();
    } catch (OutOfMemoryError e) {
      if (length < LARGE_RECORD) {
        throw e;
      }
      throw new BadRecordException(
          "the record of %,d bytes needs more memory than the Java heap of %,d MiB has left"
              .formatted(length, Runtime.getRuntime().maxMemory() >> 20));
    }
  }

  private byte[] bytes(SourceFile file, long start, int length, long line) {
    if (faults.next(FaultInjector.Act.READ)) {
      throw NacelleException.input(
          file.path() + ":" + line + ": " + FaultInjector.VARIABLE + " made reading it fail",
          "unset " + FaultInjector.VARIABLE);
    }
    byte[] record = new byte[length];
    if (file.read(record, start) < length) {
      throw NacelleException.input(
          file.path() + ":" + line + ": the file became shorter while it was read.",
          "Leave the data alone during a run.");
    }
    return record;
  }

  /** Records that could be read, on both sides of a split. */
  public long records() {
    return index.size();
  }

  /** Lines left out because they are no record, so far. */
  public long badLines() {
    return badLines;
  }

  /** Bytes of all records: what tokenising costs goes by it. */
  public long bytes() {
    return bytes;
  }

  /** SHA-256, in hexadecimal, over the digests of the files as they lie on disk. */
  public String sha256() {
    MessageDigest all = SourceFile.newDigest();
    files.forEach(file -> all.update(file.sha256()));
    return HexFormat.of().formatHex(all.digest());
  }

  /** SHA-256, in hexadecimal, of each file as it lies on disk. */
  public List<String> fileHashes() {
    return files.stream().map(file -> HexFormat.of().formatHex(file.sha256())).toList();
  }

  /** All records. */
  public DataView all() {
    return new DataView(this, DataView.Side.ALL, 0);
  }

  /**
   * Sets a share of the records apart, by a hash of each one's content: neither order nor file
   * names matter, and equal records fall on the same side.
   *
   * @param percent above 0, below 100; the count is rounded, but neither side is made empty
   */
  public Split split(double percent) {
    if (!(percent > 0 && percent < 100)) {
      throw NacelleException.usage(
          "An evaluation split of " + percent + " per cent is not possible.",
          "Choose a share above 0 and below 100.");
    }
    if (records() < 2) {
      throw NacelleException.input(
          "One record cannot be split into training and evaluation.", "Use --eval-data.");
    }
    long count = Math.clamp(Math.round(records() * percent / 100), 1, records() - 1);
    long last = index.smallestHash(count);
    return new Split(
        new DataView(this, DataView.Side.ABOVE, last),
        new DataView(this, DataView.Side.UP_TO, last));
  }

  /** The two sides of {@link #split}. */
  public record Split(DataView train, DataView eval) {}

  RecordIndex index() {
    return index;
  }

  String names() {
    return String.join(", ", files.stream().map(f -> f.path().toString()).toList());
  }

  /** Reads and parses a record again. */
  private Example example(SourceFile file, RecordIndex.Entry entry) throws BadRecordException {
    byte[] record = bytes(file, entry.offset(), entry.length(), entry.line());
    if (RecordBytes.hash(record) != entry.hash()) {
      throw NacelleException.input(
          file.path() + ":" + entry.line() + ": the record changed since the run began.",
          "Leave the data alone during a run.");
    }
    return ExampleParser.parse(record, encoder.options().format());
  }

  /** All that a record says; empty where it needs more memory than there is. */
  String text(RecordIndex.Entry entry) {
    SourceFile file = files.get(entry.file());
    try {
      return withinHeap(entry.length(), () -> example(file, entry).text());
    } catch (BadRecordException e) {
      return "";
    }
  }

  /** Reads, parses and encodes a record again. */
  Reading read(long number, RecordIndex.Entry entry) {
    SourceFile file = files.get(entry.file());
    try {
      return withinHeap(entry.length(), () -> encoder.encode(example(file, entry), number));
    } catch (BadRecordException e) {
      if (!encoder.options().skipBadLines()) {
        throw e.fatal(file.path(), entry.line());
      }
      return new Reading.Bad(e.at(file.path(), entry.line()));
    }
  }

  /** Lets go of the files; temporary ones are gone with that. */
  @Override
  public void close() {
    files.forEach(SourceFile::close);
    index.close();
  }
}
