package dev.nacelle.memory;

/** Decides whether the next allocation fails: how tests from outside reach the error paths. */
@FunctionalInterface
public interface AllocationFault {
  AllocationFault NONE = () -> false;

  /** Counts one allocation; true where it must fail. */
  boolean next();
}
