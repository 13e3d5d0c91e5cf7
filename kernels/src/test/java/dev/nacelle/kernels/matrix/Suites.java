package dev.nacelle.kernels.matrix;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.junit.jupiter.api.Test;

/** Tests of what no operator's matrix reaches, for MutantsTest to run on a broken library. */
final class Suites {
  private static final String ROOM = "dev.nacelle.kernels.";

  private Suites() {}

  /** Whether it names a test class, from its package on: {@code cpu.ProductsTest}. */
  static boolean isOne(String name) {
    return name.contains(".");
  }

  /** What the class's tests have against the library that the properties name, or nothing. */
  static String firstFailure(String name) {
    try {
      Constructor<?> constructor = Class.forName(ROOM + name).getDeclaredConstructor();
      constructor.setAccessible(true);
      for (Method test : constructor.getDeclaringClass().getDeclaredMethods()) {
        if (test.isAnnotationPresent(Test.class)) {
          test.setAccessible(true);
          test.invoke(constructor.newInstance());
        }
      }
      return "";
    } catch (InvocationTargetException e) {
      return String.valueOf(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no test to run in " + name, e);
    }
  }
}
