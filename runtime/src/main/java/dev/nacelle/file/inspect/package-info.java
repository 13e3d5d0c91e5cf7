/**
 * What a file or folder holds, told from headers and configurations: kind, tensors, metadata, or
 * the rule that it breaks. No weight is read unless one tensor is asked for by name.
 */
@NullMarked
package dev.nacelle.file.inspect;

import org.jspecify.annotations.NullMarked;
