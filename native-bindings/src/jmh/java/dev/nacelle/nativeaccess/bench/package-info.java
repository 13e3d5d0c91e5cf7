/** What crossing into native code costs; run by {@code mvn -Pjmh -pl native-bindings verify}. */
@NullMarked
package dev.nacelle.nativeaccess.bench;

import org.jspecify.annotations.NullMarked;
