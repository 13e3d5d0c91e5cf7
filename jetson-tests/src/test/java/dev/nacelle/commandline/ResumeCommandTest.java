package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --resume}: what it remembers, what it refuses, what it makes of damage. */
final class ResumeCommandTest {
  @TempDir private Path folder;
  private Path model = Path.of("");
  private Path data = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void copyInputs() throws IOException {
    model = Fixtures.copy(Fixtures.model("plain"), folder.resolve("model"));
    data = folder.resolve("data.jsonl");
    Files.copy(Fixtures.example("plain-qv").resolve("data.jsonl"), data);
    out = folder.resolve("out");
  }

  private Outcome start(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("finetune", "--model", model.toString(), "--data", data.toString()));
    args.addAll(List.of("--out", out.toString(), "--threads", "1", "--rank", "2"));
    args.addAll(List.of("--steps", "6", "--save-every", "2", "--keep", "3", "--lr", "1e-3"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  private Outcome resume(String... more) {
    List<String> args = new ArrayList<>(List.of("finetune", "--resume", "--out", out.toString()));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  private List<String> checkpoints() throws IOException {
    try (Stream<Path> entries = Files.list(out.resolve("checkpoints"))) {
      return entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void onlyTheFolderIsNeeded() throws IOException {
    start().expect(0);
    assertEquals(List.of("run.json", "step-000002", "step-000004", "step-000006"), checkpoints());
    JsonNode report = resume("--steps", "9", "--json").expect(0).json();
    assertEquals(6, report.path("resumed_from_step").asLong());
    assertEquals(9, report.path("steps").asLong());
    // More steps are remembered too, and so is what was not said again.
    report = resume("--json", "--keep", "1").expect(0).json();
    assertEquals(9, report.path("resumed_from_step").asLong());
    assertEquals(9, Files.readAllLines(out.resolve("log.jsonl")).size());
    assertTrue(report.path("flags").path("--rank").asText().equals("2"), report.toString());
  }

  @Test
  void nothingToGoOnFrom() {
    Outcome unknown = resume().expect(2);
    assertTrue(unknown.err().contains("give --model and --data too"), unknown.err());
    assertTrue(Outcome.of("finetune", "--resume").expect(2).err().contains("--out"));
    Outcome fresh = start("--resume").expect(0);
    assertTrue(fresh.err().contains("starting afresh"), fresh.err());
  }

  @Test
  void otherFlagsAreRefusedByName() {
    start().expect(0);
    for (String[] flag :
        List.of(
            new String[] {"--lr", "2e-3"},
            new String[] {"--rank", "4"},
            new String[] {"--batch-size", "2"},
            new String[] {"--seed", "1"},
            new String[] {"--packing", "off"},
            new String[] {"--model", Fixtures.model("gqa-tied").toString()},
            new String[] {"--data", folder.resolve("other.jsonl").toString()})) {
      Outcome refused = resume(flag).expect(3);
      assertTrue(refused.err().contains(flag[0] + ": another value"), refused.err());
    }
    // Said again with the same value, in other words, it is no contradiction.
    resume("--lr", "0.001", "--rank", "2", "--threads", "2", "--save-every", "5").expect(0);
    Outcome fewer = resume("--steps", "3").expect(3);
    assertTrue(fewer.err().contains("has 6 already"), fewer.err());
  }

  @Test
  void changedInputsAreRefused() throws IOException {
    start().expect(0);
    Files.writeString(data, Files.readString(data).replaceFirst("a", "e"));
    Outcome refused = resume("--steps", "8").expect(3);
    assertTrue(refused.err().contains("--data: " + data), refused.err());
    Files.copy(
        Fixtures.example("plain-qv").resolve("data.jsonl"),
        data,
        StandardCopyOption.REPLACE_EXISTING);
    Path weights = model.resolve("model.safetensors");
    flip(weights, Files.size(weights) - 5);
    refused = resume("--steps", "8").expect(3);
    assertTrue(
        refused.err().contains("--model") && refused.err().contains("model.safetensors"),
        refused.err());
    flip(weights, Files.size(weights) - 5);
    resume("--steps", "8").expect(0);
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 1);
    }
  }

  /** One bit of any file, or a file that is cut or gone: the checkpoint before is taken. */
  @Test
  void aDamagedCheckpointIsPassedOver() throws IOException {
    start().expect(0);
    Path newest = out.resolve("checkpoints/step-000006");
    List<String> files;
    try (Stream<Path> entries = Files.list(newest)) {
      files = entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
    assertEquals(4, files.size(), files.toString());
    byte[] expected = Files.readAllBytes(out.resolve("adapter_model.safetensors"));
    for (String name : files) {
      Path file = newest.resolve(name);
      long size = Files.size(file);
      flip(file, size / 2);
      assertTrue(goesOnFrom(4).contains(newest + " is damaged"), name);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(size / 3);
      }
      assertTrue(goesOnFrom(4).contains(newest + " is damaged"), name);
      Files.delete(file);
      assertTrue(goesOnFrom(4).contains(newest + " is damaged"), name);
      assertEquals(expected.length, Files.size(out.resolve("adapter_model.safetensors")), name);
    }
    for (String name : List.of("step-000002", "step-000004", "step-000006")) {
      Files.deleteIfExists(out.resolve("checkpoints").resolve(name).resolve("checkpoint.json"));
    }
    Outcome refused = resume().expect(3);
    assertTrue(refused.err().contains("no checkpoint in"), refused.err());
  }

  /** Resumes; the step that was lost is taken again and its checkpoint replaces the damaged one. */
  private String goesOnFrom(long step) throws IOException {
    Outcome resumed = resume("--json").expect(0);
    assertEquals(step, resumed.json().path("resumed_from_step").asLong(), resumed.err());
    assertEquals(List.of("run.json", "step-000002", "step-000004", "step-000006"), checkpoints());
    return resumed.err();
  }

  @Test
  void anotherRunKeepsTheFolder() throws IOException {
    start().expect(0);
    // Locked as the system has it; a file alone, as a killed process leaves it, is no lock.
    Path lock = out.resolve(".nacelle-lock");
    Files.writeString(lock, "4711");
    resume("--steps", "7").expect(0);
    Process other =
        new ProcessBuilder(
                "python3",
                "-c",
                """
                import fcntl,sys,time
                f=open(sys.argv[1],'w'); fcntl.lockf(f, fcntl.LOCK_EX)
                f.write('4711'); f.flush(); print('held', flush=True); time.sleep(60)
                """,
                lock.toString())
            .start();
    try {
      assertEquals("held", other.inputReader().readLine());
      for (String flag : List.of("--resume", "--overwrite", "--json")) {
        Outcome refused = start(flag).expect(2);
        assertTrue(refused.err().contains("in use by another run (process 4711)"), refused.err());
      }
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void overwritingForgetsOlderCheckpoints() throws IOException {
    start().expect(0);
    start("--overwrite", "--seed", "3").expect(0);
    assertEquals(List.of("run.json", "step-000002", "step-000004", "step-000006"), checkpoints());
    resume("--seed", "3").expect(0);
    assertTrue(start().expect(2).err().contains("is not empty"));
  }
}
