package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
  @TempDir Path folder;
  private int files;

  private Path file(byte[] bytes) {
    try {
      return Files.write(folder.resolve("data" + files++ + ".jsonl"), bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Path file(String text) {
    return file(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return packed.toByteArray();
  }

  private Dataset open(TokenizeOptions options, Path... paths) {
    return Dataset.open(
        List.of(paths), ToyText.encoder(options), folder.resolve("scratch"), Progress.NONE);
  }

  /** The texts of all samples, and the lines that the index has for them. */
  private List<String> read(TokenizeOptions options, Path... paths) {
    ToyText tokenizer = new ToyText();
    SampleEncoder encoder =
        new SampleEncoder(
            tokenizer, ToyText.CHATML, java.util.OptionalInt.of(ToyText.EOS), options);
    List<String> found = new ArrayList<>();
    try (Dataset data =
        Dataset.open(List.of(paths), encoder, folder.resolve("scratch"), Progress.NONE)) {
      for (long r = 0; r < data.records(); r++) {
        Reading.Kept kept = (Reading.Kept) data.all().read(r).orElseThrow();
        RecordIndex.Entry entry = data.index().get(r);
        found.add(
            tokenizer.decode(kept.sample().ids(), true) + "@" + entry.file() + ":" + entry.line());
      }
    }
    return found;
  }

  private static final String LINES =
      "{\"text\": \"a\"}\n\n  {\"text\": \"b\"}\t\n{\"text\": \"c\"}";
  private static final String ARRAY =
      " [\n{\"text\": \"a\"},\n\n {\"text\":\n\"b\"}\n,{\"text\": \"c\", \"x\": [\"],{\\\"\"]}\n]\n";

  @Test
  void linesAreFoundHoweverTheyEnd() {
    List<String> expected = List.of("a@0:1", "b@0:3", "c@0:4");
    assertEquals(expected, read(ToyText.options(9), file(LINES)));
    assertEquals(expected, read(ToyText.options(9), file(LINES + "\n")));
    assertEquals(expected, read(ToyText.options(9), file("\uFEFF" + LINES)));
    assertEquals(expected, read(ToyText.options(9), file(LINES.replace("\n", "\r\n") + "\r\n")));
  }

  @Test
  void arraysAreStreamedAndTheirRecordsNamedByTheirFirstLine() {
    List<String> expected = List.of("a@0:2", "b@0:4", "c@0:6");
    assertEquals(expected, read(ToyText.options(9), file(ARRAY)));
    assertEquals(expected, read(ToyText.options(9), file("\uFEFF" + ARRAY)));
  }

  @Test
  void gzipIsKnownByContentAndSeveralFilesFollowEachOther() throws IOException {
    byte[] twoMembers;
    try (ByteArrayOutputStream both = new ByteArrayOutputStream()) {
      both.write(gzip("{\"text\": \"d\"}\n"));
      both.write(gzip("{\"text\": \"e\"}"));
      twoMembers = both.toByteArray();
    }
    assertEquals(
        List.of("a@0:1", "b@0:3", "c@0:4", "a@1:2", "b@1:4", "c@1:6", "d@2:1", "e@2:2"),
        read(ToyText.options(9), file(gzip(LINES)), file(gzip(ARRAY)), file(twoMembers)));
  }

  @Test
  void recordsCrossTheScannersWindowUnharmed() {
    StringBuilder lines = new StringBuilder();
    List<String> expected = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 1; lines.length() < 2_000_000; i++) {
      String id = "x".repeat(random.nextInt(40_000));
      lines.append("{\"id\": \"").append(id).append("\", \"text\": \"w").append("\"}\n");
      expected.add("w@0:" + i);
    }
    assertEquals(expected, read(ToyText.options(9), file(lines.toString())));
    String array = "[" + lines.toString().strip().replace("\n", ",\n") + "]";
    assertEquals(expected, read(ToyText.options(9), file(array)));
  }

  private String failure(TokenizeOptions options, Path... paths) {
    NacelleException e = assertThrows(NacelleException.class, () -> open(options, paths).close());
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    return String.valueOf(e.getMessage());
  }

  @Test
  void badLinesAreNamedOrCounted() throws IOException {
    String lines = "{\"text\": \"a\"}\n{\"text\": 3}\n\n{\"text\": \"b\"}\n[1]\n";
    for (Path path : List.of(file(lines), file(gzip(lines)))) {
      assertTrue(failure(ToyText.options(9), path).startsWith(path + ":2: text is a number"));
      try (Dataset data = open(ToyText.skipping(), path)) {
        assertEquals(2, data.records());
        assertEquals(2, data.badLines());
        assertEquals(new DataCounts(2, 2, 0, 0, 2, 6, 4, 3), data.all().measure(Progress.NONE));
      }
    }
  }

  @Test
  void brokenArraysAreNamed() {
    record Case(String json, String expected, int left) {}
    List<Case> cases =
        List.of(
            new Case("[{\"text\": \"a\"},\n{\"text\": \"b\"}", ":2: the array", 1),
            new Case("[{\"text\": \"a\"},\n", ":2: the array", 1),
            new Case("[{\"text\": \"a\"},\n]", ":1: a comma", 0),
            new Case("[{\"text\": \"a\"},\n,{\"text\": \"b\"}]", ":2: nothing stands", 2),
            new Case("[{\"text\": \"a\"}\n{\"text\": \"b\"}]", ":1: something follows", 0),
            new Case("[{\"text\": \"a\"}]\n{\"text\": \"b\"}", ":2: something stands", 1),
            new Case("[{\"text\": \"a\"},\n{\"text\": \"b\n}]", ":2: the array", 1),
            new Case("[{\"text\": \"a\"},\n\n7]", ":3: the record is a number", 1),
            new Case("[{\"text\": \"a\"},\n}]", ":2: not JSON", 1));
    for (Case c : cases) {
      Path path = file(c.json());
      String message = failure(ToyText.options(9), path);
      assertTrue(message.startsWith(path + c.expected()), c.json() + " gives " + message);
      if (c.left() > 0) {
        try (Dataset data = open(ToyText.skipping(), path)) {
          assertEquals(c.left(), data.records(), c.json());
          assertEquals(1, data.badLines(), c.json());
        }
      }
    }
  }

  @Test
  void missingAndDamagedFilesAreRefused() throws IOException {
    assertTrue(failure(ToyText.options(9), folder.resolve("none")).contains("does not exist"));
    assertTrue(failure(ToyText.options(9), folder).contains("is a folder"));
    for (String empty : List.of("", "\n \r\n", "\uFEFF", "[]", "[ ]\n")) {
      assertTrue(failure(ToyText.options(9), file(empty)).contains("no record"), empty);
    }
    byte[] packed = gzip(LINES.repeat(50));
    Path cut = file(java.util.Arrays.copyOf(packed, packed.length - 9));
    assertTrue(failure(ToyText.options(9), cut).contains("damaged"));
    packed[packed.length / 2] ^= 0x55;
    assertTrue(failure(ToyText.options(9), file(packed)).contains("damaged"));
  }

  @Test
  void aRecordOfAHundredMegabytesIsRefusedWithoutHoldingIt() throws IOException {
    Path path = folder.resolve("big.jsonl");
    byte[] piece = new byte[1 << 20];
    java.util.Arrays.fill(piece, (byte) 'x');
    try (OutputStream out = Files.newOutputStream(path)) {
      out.write("{\"text\": \"a\"}\n{\"text\": \"".getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < 100; i++) {
        out.write(piece);
      }
      out.write("\"}\n{\"text\": \"b\"}\n".getBytes(StandardCharsets.UTF_8));
    }
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    String message = failure(ToyText.options(9), path);
    assertTrue(message.startsWith(path + ":2: the record has 104,857,"), message);
    try (Dataset data = open(ToyText.skipping(), path)) {
      assertEquals(2, data.records());
      assertEquals(1, data.badLines());
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 8 << 20, allocated + " bytes were allocated");
  }

  @Test
  void countsTellWhatWasCutAndDropped() {
    Path path =
        file(
            """
            {"text": "one two three"}
            {"text": "one two three four five"}
            {"prompt": "one two three four five six", "completion": " seven"}
            {"messages": [{"role": "user", "content": "a"}]}
            """);
    try (Dataset data = open(ToyText.options(5), path)) {
      assertEquals(new DataCounts(4, 2, 3, 2, 0, 10, 8, 5), data.all().measure(Progress.NONE));
    }
  }

  @Test
  void nothingLeftIsAnError() {
    try (Dataset data =
        open(
            ToyText.options(9),
            file("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}"))) {
      NacelleException e =
          assertThrows(NacelleException.class, () -> data.all().measure(Progress.NONE));
      assertEquals(NacelleException.Kind.INPUT, e.kind());
      BatchSource source = new BatchSource(data.all(), Order.SHUFFLE, 0, 2, 1, Cursor.START);
      assertThrows(NacelleException.class, source::next);
    }
  }

  @Test
  void aRecordThatTheTemplateRefusesIsNamedOrCounted() {
    Path path =
        file(
            """
            {"text": "one"}
            {"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]}
            """);
    SampleEncoder strict =
        new SampleEncoder(
            new ToyText(), ToyText.REFUSING, java.util.OptionalInt.empty(), ToyText.options(9));
    try (Dataset data = Dataset.open(List.of(path), strict, folder, Progress.NONE)) {
      NacelleException e =
          assertThrows(NacelleException.class, () -> data.all().measure(Progress.NONE));
      assertTrue(String.valueOf(e.getMessage()).startsWith(path + ":2: the chat template refuses"));
    }
    SampleEncoder lenient =
        new SampleEncoder(
            new ToyText(), ToyText.REFUSING, java.util.OptionalInt.empty(), ToyText.skipping());
    try (Dataset data = Dataset.open(List.of(path), lenient, folder, Progress.NONE)) {
      assertEquals(1, data.all().measure(Progress.NONE).badLines());
    }
  }

  @Test
  void aSplitGoesByContentAlone() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      lines.add("{\"text\": \"t%d\"}".formatted(i));
    }
    Set<String> forward = evalSide(file(String.join("\n", lines)), 10);
    java.util.Collections.shuffle(lines, new Random(3));
    Set<String> shuffled = evalSide(file("[" + String.join(",\n", lines) + "]"), 10);
    assertEquals(100, forward.size());
    assertEquals(forward, shuffled);
    assertEquals(1, evalSide(file("{\"text\": \"a\"}\n{\"text\": \"b\"}"), 1).size());
    assertEquals(1, evalSide(file("{\"text\": \"a\"}\n{\"text\": \"b\"}"), 99).size());
  }

  private Set<String> evalSide(Path path, double percent) {
    ToyText tokenizer = new ToyText();
    SampleEncoder encoder =
        new SampleEncoder(
            tokenizer, ToyText.CHATML, java.util.OptionalInt.empty(), ToyText.options(9));
    Set<String> texts = new TreeSet<>();
    try (Dataset data = Dataset.open(List.of(path), encoder, folder, Progress.NONE)) {
      Dataset.Split split = data.split(percent);
      for (long r = 0; r < data.records(); r++) {
        assertNotEquals(split.train().read(r).isPresent(), split.eval().read(r).isPresent());
        if (split.eval().read(r).orElse(null) instanceof Reading.Kept kept) {
          texts.add(tokenizer.decode(kept.sample().ids(), true));
        }
      }
      long eval = split.eval().measure(Progress.NONE).samples();
      assertEquals(texts.size(), eval);
      assertEquals(data.records() - eval, split.train().measure(Progress.NONE).samples());
    }
    return texts;
  }

  @Test
  void theDigestFollowsContentAndOrderOfFiles() throws IOException {
    Path a = file("{\"text\": \"a\"}\n");
    Path b = file("{\"text\": \"b\"}\n");
    assertEquals(digest(a, b), digest(file(Files.readAllBytes(a)), b));
    assertNotEquals(digest(a, b), digest(b, a));
    assertNotEquals(digest(a), digest(file("{\"text\": \"a\"}\r\n")));
    assertEquals(64, digest(file(gzip(LINES))).length());
  }

  private String digest(Path... paths) {
    try (Dataset data = open(ToyText.options(9), paths)) {
      return data.sha256();
    }
  }

  @Test
  void aFileThatChangesDuringTheRunIsNoticed() throws IOException {
    Path path = file("{\"text\": \"aaaa\"}\n{\"text\": \"bbbb\"}\n");
    try (Dataset data = open(ToyText.options(9), path)) {
      Files.writeString(path, "{\"text\": \"aaaa\"}\n{\"text\": \"bbbc\"}\n");
      assertTrue(data.all().read(0).isPresent());
      NacelleException e = assertThrows(NacelleException.class, () -> data.all().read(1));
      assertTrue(String.valueOf(e.getMessage()).contains(":2: the record changed"));
      Files.writeString(path, "");
      assertThrows(NacelleException.class, () -> data.all().read(0));
    }
  }

  @Test
  void scratchFilesHaveNoNames() throws IOException {
    Path scratch = folder.resolve("scratch");
    try (Dataset data = open(ToyText.options(9), file(gzip(LINES)));
        Stream<Path> left = Files.list(scratch)) {
      assertEquals(3, data.records());
      assertFalse(left.findAny().isPresent());
    }
  }

  @Test
  void aConversationFileIsOneList() {
    assertEquals(
        2,
        Dataset.readConversation(
                file(
                    "\uFEFF[{\"role\": \"user\", \"content\": \"a\"},\n"
                        + "{\"role\": \"assistant\", \"content\": \"b\"}]"))
            .size());
    for (String bad : List.of("", "{}", "[]", "[1]", "[{\"role\": \"user\"}]", "[] []")) {
      NacelleException e =
          assertThrows(NacelleException.class, () -> Dataset.readConversation(file(bad)));
      assertEquals(NacelleException.Kind.INPUT, e.kind());
    }
  }
}
