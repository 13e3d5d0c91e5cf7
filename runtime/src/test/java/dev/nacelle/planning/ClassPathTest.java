package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClassPathTest {
  @TempDir private Path folder;

  /** Build tools end a class path with a colon: what lies in the working folder is not ours. */
  @Test
  void changedClassesCountAndTheWorkingFolderDoesNot() throws IOException {
    Path classes = Files.createDirectory(folder.resolve("classes"));
    Path one = Files.writeString(classes.resolve("One.class"), "1");
    String before = ClassPath.digest(classes.toString());
    assertEquals(before, ClassPath.digest(classes + ":"));
    assertEquals(before, ClassPath.digest(":" + classes));
    Files.writeString(one, "12");
    String after = ClassPath.digest(classes.toString());
    assertNotEquals(before, after);
    assertNotEquals(
        after, ClassPath.digest(classes + ":" + Files.createFile(folder.resolve("a.jar"))));
  }
}
