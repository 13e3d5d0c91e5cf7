package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTest {
  @TempDir Path folder;

  @Test
  void replacesAndFollowsLinks() throws IOException {
    Path file = folder.resolve("a.txt");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    AtomicFile.writeText(file, FaultInjector.none(), "one");
    AtomicFile.writeText(link, FaultInjector.none(), "two");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("two", Files.readString(file));
    assertLeft(2);
  }

  @Test
  void failuresLeaveNothing() throws IOException {
    Path file = folder.resolve("a.txt");
    AtomicFile.writeText(file, FaultInjector.none(), "old");
    NacelleException fault =
        assertThrows(
            NacelleException.class,
            () -> AtomicFile.writeText(file, FaultInjector.parse("save:1"), "new"));
    assertEquals(5, fault.kind().exitCode());
    assertTrue(String.valueOf(fault.hint()).contains("disk space"));
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFile.write(
                file,
                FaultInjector.none(),
                channel -> {
                  throw new IllegalStateException("inside");
                }));
    assertEquals("old", Files.readString(file));
    assertLeft(1);
  }

  @Test
  void eachReasonHasItsAdvice() {
    assertAdvice(new FileSystemException("t", null, "No space left on device"), "free some disk");
    assertAdvice(new AccessDeniedException("t"), "may write");
    assertAdvice(new FileSystemException("t", null, "Read-only file system"), "may write");
    NacelleException folderTarget =
        assertThrows(
            NacelleException.class, () -> AtomicFile.writeText(folder, FaultInjector.none(), "x"));
    assertTrue(String.valueOf(folderTarget.getMessage()).contains("it is a folder"));
    NacelleException noFolder =
        assertThrows(
            NacelleException.class,
            () -> AtomicFile.writeText(folder.resolve("no/a"), FaultInjector.none(), "x"));
    assertTrue(String.valueOf(noFolder.getMessage()).contains("its folder does not exist"));
  }

  private static void assertAdvice(IOException e, String advice) {
    NacelleException failure = AtomicFile.failure(Path.of("target"), e);
    assertEquals(5, failure.kind().exitCode());
    assertNotNull(failure.hint());
    assertTrue(String.valueOf(failure.hint()).contains(advice), failure.hint());
  }

  @Test
  void faultsCountByKind() {
    FaultInjector faults = FaultInjector.parse("save:2,read:1");
    assertFalse(faults.next(FaultInjector.Act.SAVE));
    assertTrue(faults.next(FaultInjector.Act.READ));
    assertTrue(faults.next(FaultInjector.Act.SAVE));
    assertFalse(faults.next(FaultInjector.Act.SAVE));
    assertEquals(3, faults.count(FaultInjector.Act.SAVE));
    assertFalse(FaultInjector.parse(null).next(FaultInjector.Act.STEP));
    for (String bad : new String[] {"save", "save:0", "save:x", "burn:1", "save:1:2", "save:1,"}) {
      NacelleException e = assertThrows(NacelleException.class, () -> FaultInjector.parse(bad));
      assertEquals(2, e.kind().exitCode());
    }
  }

  private void assertLeft(int files) throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(files, left.count());
    }
  }
}
