#include "json.h"

#include <string.h>

enum { DEEPEST = 64, LONGEST_NAME = 64 };

struct reader {
  const char *at;
  const char *end;
  int depth;
};

static bool value(struct reader *reader);

static void blanks(struct reader *reader) {
  while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0') reader->at++;
}

static bool literal(struct reader *reader, const char *text) {
  size_t length = strlen(text);
  if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0) return false;
  reader->at += length;
  return true;
}

static bool take(struct reader *reader, char wanted) {
  if (reader->at >= reader->end || *reader->at != wanted) return false;
  reader->at++;
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool hex_quad(struct reader *reader, unsigned *code) {
  *code = 0;
  for (int i = 0; i < 4; i++) {
    int digit = reader->at < reader->end ? hex_digit(*reader->at) : -1;
    if (digit < 0) return false;
    *code = *code * 16 + (unsigned)digit;
    reader->at++;
  }
  return true;
}

static bool string(struct reader *reader) {
  if (!take(reader, '"')) return false;
  while (reader->at < reader->end) {
    unsigned char c = (unsigned char)*reader->at++;
    if (c == '"') return true;
    if (c < 0x20) return false;
    if (c != '\\') continue;
    if (reader->at >= reader->end) return false;
    char escaped = *reader->at++;
    unsigned ignored;
    if (escaped == 'u' ? !hex_quad(reader, &ignored) : escaped == '\0' || strchr("\"\\/bfnrt", escaped) == NULL)
      return false;
  }
  return false;
}

static bool digits(struct reader *reader) {
  const char *start = reader->at;
  while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
  return reader->at > start;
}

static bool number(struct reader *reader) {
  take(reader, '-');
  if (!take(reader, '0') && !digits(reader)) return false;
  if (take(reader, '.') && !digits(reader)) return false;
  if (!take(reader, 'e') && !take(reader, 'E')) return true;
  if (!take(reader, '+')) take(reader, '-');
  return digits(reader);
}

static bool member(struct reader *reader) {
  blanks(reader);
  if (!string(reader)) return false;
  blanks(reader);
  return take(reader, ':') && value(reader);
}

static bool list(struct reader *reader, char close, bool (*item)(struct reader *)) {
  reader->at++;
  blanks(reader);
  if (take(reader, close)) return true;
  do {
    if (!item(reader)) return false;
    blanks(reader);
  } while (take(reader, ','));
  return take(reader, close);
}

static bool value(struct reader *reader) {
  blanks(reader);
  if (reader->at >= reader->end || reader->depth >= DEEPEST) return false;
  reader->depth++;
  bool is_right;
  switch (*reader->at) {
  case '{': is_right = list(reader, '}', member); break;
  case '[': is_right = list(reader, ']', value); break;
  case '"': is_right = string(reader); break;
  case 't': is_right = literal(reader, "true"); break;
  case 'f': is_right = literal(reader, "false"); break;
  case 'n': is_right = literal(reader, "null"); break;
  default: is_right = number(reader);
  }
  reader->depth--;
  return is_right;
}

static struct reader read_from(struct span text) {
  return (struct reader){text.at, text.at + text.length, 0};
}

bool json_is_valid(struct span text) {
  struct reader reader = read_from(text);
  if (!value(&reader)) return false;
  blanks(&reader);
  return reader.at == reader.end;
}

/* Steps over one value that is known to be valid. */
static struct span step(struct reader *reader) {
  blanks(reader);
  const char *start = reader->at;
  value(reader);
  return (struct span){start, (size_t)(reader->at - start)};
}

static bool open_list(struct reader *reader, char bracket) {
  blanks(reader);
  if (!take(reader, bracket)) return false;
  blanks(reader);
  return true;
}

bool json_member(struct span object, const char *name, struct span *found) {
  struct reader reader = read_from(object);
  if (!open_list(&reader, '{') || take(&reader, '}')) return false;
  bool is_there = false;
  do {
    struct span key = step(&reader);
    blanks(&reader);
    take(&reader, ':');
    struct span content = step(&reader);
    char text[LONGEST_NAME];
    if (json_string(key, text, sizeof text) && strcmp(text, name) == 0) {
      *found = content;
      is_there = true;
    }
    blanks(&reader);
  } while (take(&reader, ','));
  return is_there;
}

bool json_element(struct span array, size_t index, struct span *found) {
  struct reader reader = read_from(array);
  if (!open_list(&reader, '[') || take(&reader, ']')) return false;
  do {
    *found = step(&reader);
    if (index-- == 0) return true;
    blanks(&reader);
  } while (take(&reader, ','));
  return false;
}

static size_t utf8(unsigned code, char *out) {
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 0x3f)), 2;
  /* Half a surrogate pair is kept as it is: nothing that we compare with has one. */
  out[0] = (char)(0xe0 | code >> 12);
  out[1] = (char)(0x80 | (code >> 6 & 0x3f));
  out[2] = (char)(0x80 | (code & 0x3f));
  return 3;
}

static bool escaped(struct reader *reader, char *out, size_t *length) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  char letter = *reader->at++;
  unsigned code = 0;
  if (letter != 'u') code = (unsigned char)meanings[strchr(letters, letter) - letters];
  else if (!hex_quad(reader, &code) || code == 0) return false;
  *length = utf8(code, out);
  return true;
}

bool json_string(struct span text, char *out, size_t size) {
  struct reader reader = read_from(text);
  if (!take(&reader, '"')) return false;
  size_t used = 0;
  while (reader.at < reader.end && *reader.at != '"') {
    char bytes[4] = {*reader.at++};
    size_t length = 1;
    if (bytes[0] == '\\' && !escaped(&reader, bytes, &length)) return false;
    if (used + length >= size) return false;
    memcpy(out + used, bytes, length);
    used += length;
  }
  out[used] = '\0';
  return reader.at < reader.end;
}

void json_print_string(FILE *stream, const char *text) {
  fputc('"', stream);
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') fprintf(stream, "\\%c", c);
    else if (c < 0x20 || c == 0x7f) fprintf(stream, "\\u%04x", c);
    else fputc(c, stream);
  }
  fputc('"', stream);
}
