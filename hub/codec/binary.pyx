# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Avro's binary encoding of the hub's structs, compiled.

Each kind of value is a class that writes it and reads it; a record holds one of them for each of its fields. A
struct's fields are read where they lie in memory, which costs a fraction of asking for them by name. Nothing is read
without looking first whether the message has that many bytes left, and a claimed length allocates nothing.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport (
    PyDate_Check, PyDateTime_Check, date_day, date_month, date_new, date_year, datetime_day, datetime_hour,
    datetime_microsecond, datetime_minute, datetime_month, datetime_new, datetime_second, datetime_tzinfo,
    datetime_year, import_datetime,
)
from cpython.dict cimport PyDict_GetItemWithError
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_Check, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8String, PyUnicode_Check, PyUnicode_DecodeLatin1, PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from datetime import UTC
from decimal import Decimal

from hub.codec import shape as shapes
from hub.codec.malformed import Malformed, located, shown
from hub.errors import ConfigError

import_datetime()

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    bint PyUnicode_IS_ASCII(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1
    object PyObject_Vectorcall(object called, PyObject** arguments, size_t count, object names)
    PyObject* Py_True
    PyObject* Py_False
    PyObject* Py_None
    PyObject* PyTuple_GET_ITEM(object items, Py_ssize_t at)
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t at)
    PyTypeObject* Py_TYPE(object value)
    PyTypeObject PyMemberDescr_Type

cdef extern from "structmember.h":
    ctypedef struct PyMemberDef:
        Py_ssize_t offset

    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member

cdef enum:
    MOST_FIELDS = 64  # of a record: what is read of it waits on the stack
    NUMBER_SIZE = 29  # of the longest decimal: sign, 18 digits, point, 9 digits
    NUMBERS_WRITTEN = 8192
    NUMBERS_READ = 65536

cdef int64_t DAY_MICROS = 86_400_000_000
cdef int64_t FIRST_DAY = -719_162
cdef int64_t LAST_DAY = 2_932_896
cdef object NOT_PLAIN = "{} is not a plain decimal number of at most 18 digits before and 9 after the point"


# --- the message -----------------------------------------------------------------------------------------

@cython.final
cdef class Output:
    """A message under construction."""

    cdef char* data
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    def __cinit__(self):
        self.room = 1024
        self.data = <char*>PyMem_Malloc(self.room)
        if self.data is NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef char* space(self, Py_ssize_t count) except NULL:
        """Where the next bytes go, `count` of them at most; whoever writes them adds to `size`."""
        cdef char* larger
        if self.room - self.size < count:
            larger = <char*>PyMem_Realloc(self.data, 2 * self.room + count)
            if larger is NULL:
                raise MemoryError
            self.data = larger
            self.room = 2 * self.room + count
        return self.data + self.size

    cdef int put(self, const char* bytes_, Py_ssize_t count) except -1:
        memcpy(self.space(count), bytes_, count)
        self.size += count
        return 0

    cdef int put_sized(self, const char* bytes_, Py_ssize_t count) except -1:
        """Bytes behind how many they are."""
        self.put_long(count)
        return self.put(bytes_, count)

    cdef int put_byte(self, char byte) except -1:
        self.space(1)[0] = byte
        self.size += 1
        return 0

    cdef int put_long(self, int64_t number) except -1:
        """Seven bits to a byte, the lowest first, the sign lowest of all."""
        cdef uint64_t rest = (<uint64_t>number << 1) ^ <uint64_t>(number >> 63)
        cdef char* place = self.space(10)
        cdef Py_ssize_t count = 0
        while rest > 127:
            place[count] = <char>(rest & 127 | 128)
            rest >>= 7
            count += 1
        place[count] = <char>rest
        self.size += count + 1
        return 0


@cython.final
cdef class Input:
    """A message being read."""

    cdef bytes raw  # holds what `data` points into
    cdef const uint8_t* data
    cdef Py_ssize_t size
    cdef Py_ssize_t at

    cdef const char* take(self, Py_ssize_t count) except NULL:
        """The next `count` bytes."""
        cdef const uint8_t* begin = self.data + self.at
        if count > self.size - self.at:
            raise Malformed("truncated", "the message ends before this is complete")
        self.at += count
        return <const char*>begin

    cdef int64_t take_long(self) except? -1:
        cdef uint64_t number = 0
        cdef uint64_t byte
        cdef int shift = 0
        while True:
            byte = <uint8_t>self.take(1)[0]
            if shift == 63 and byte > 1:
                raise Malformed("invalid-value", "a number of more than 64 bits")
            number |= (byte & 127) << shift
            if byte < 128:
                return <int64_t>(number >> 1) ^ -<int64_t>(number & 1)
            shift += 7

    cdef Py_ssize_t take_length(self) except -1:
        cdef int64_t length = self.take_long()
        if length < 0:
            raise Malformed("invalid-value", f"a length of {length}")
        return length


# --- values ----------------------------------------------------------------------------------------------

cdef int refuse(PyObject* value) except -1:
    """The value has not the type of its field."""
    what = shown(<object>value) if value is not NULL else "nothing"
    raise Malformed("invalid-value", f"{what} is not a value of its type")


cdef class Value:
    """What can be written and read: one class for each kind.

    What is written is borrowed from the struct it lies in, which must not change meanwhile; NULL is a field never set.
    """

    cdef int write(self, Output out, PyObject* value) except -1:
        raise NotImplementedError

    cdef int rewrite(self, Output out, PyObject* value, PyObject* old, Input was) except -1:
        """Write the value in the place of an old one, whose bytes come next in `was` and are passed over.

        The very same object has the same bytes still: they are copied.
        """
        cdef Py_ssize_t begin = was.at
        self.skip(was)
        if value == old:
            return out.put(<const char*>was.data + begin, was.at - begin)
        return self.write(out, value)

    cdef object read(self, Input message):
        raise NotImplementedError

    cdef int skip(self, Input message) except -1:
        """Pass over a value."""
        raise NotImplementedError


cdef class Sized(Value):
    """What begins with how many bytes it has."""

    cdef int skip(self, Input message) except -1:
        message.take(message.take_length())
        return 0


cdef class Long(Value):
    """What is one whole number."""

    cdef int skip(self, Input message) except -1:
        message.take_long()
        return 0


@cython.final
cdef class Text(Sized):
    """Its length in UTF-8, and that."""

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef Py_ssize_t size
        cdef const char* text
        cdef bytes encoded
        if value is NULL or not PyUnicode_Check(<object>value):
            return refuse(value)
        if PyUnicode_IS_ASCII(<object>value):
            text = PyUnicode_AsUTF8AndSize(<object>value, &size)
            return out.put_sized(text, size)
        try:
            encoded = PyUnicode_AsUTF8String(<object>value)  # the text itself would keep a copy
        except UnicodeEncodeError:
            what = f"{shown(<object>value)} holds half a surrogate pair, which UTF-8 cannot carry"
            raise Malformed("invalid-value", what) from None
        return out.put_sized(PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded))

    cdef object read(self, Input message):
        cdef Py_ssize_t size = message.take_length()
        cdef const char* text = message.take(size)
        try:
            return PyUnicode_DecodeUTF8(text, size, NULL)
        except UnicodeDecodeError as error:
            raise Malformed("not-utf8", f"byte {error.start} of the text is not UTF-8") from None


@cython.final
cdef class Raw(Sized):
    """Bytes: how many, and those."""

    cdef int write(self, Output out, PyObject* value) except -1:
        if value is NULL or not PyBytes_CheckExact(<object>value):
            return refuse(value)
        return out.put_sized(PyBytes_AS_STRING(<object>value), PyBytes_GET_SIZE(<object>value))

    cdef object read(self, Input message):
        cdef Py_ssize_t size = message.take_length()
        return PyBytes_FromStringAndSize(message.take(size), size)


@cython.final
cdef class Flag(Value):
    """A byte, 0 or 1."""

    cdef int write(self, Output out, PyObject* value) except -1:
        if value == Py_True:
            return out.put_byte(1)
        if value == Py_False:
            return out.put_byte(0)
        return refuse(value)

    cdef object read(self, Input message):
        cdef uint8_t byte = <uint8_t>message.take(1)[0]
        if byte > 1:
            raise Malformed("invalid-value", f"{byte} is neither true nor false")
        return byte == 1

    cdef int skip(self, Input message) except -1:
        message.take(1)
        return 0


@cython.final
cdef class Whole(Long):
    """A whole number of 64 bits."""

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef int overflow = 0
        cdef int64_t number
        if value is NULL or not isinstance(<object>value, int):
            return refuse(value)
        number = PyLong_AsLongLongAndOverflow(<object>value, &overflow)
        if overflow:
            raise Malformed("invalid-value", f"{shown(<object>value)} does not fit 64 bits")
        return out.put_long(number)

    cdef object read(self, Input message):
        return message.take_long()


cdef struct Written:
    PyObject* number  # a reference of its own, so that no other number can come to lie there
    uint8_t size
    char text[NUMBER_SIZE]


cdef bint is_plain(const char* text, Py_ssize_t size):
    """Whether it is `-?[0-9]{1,18}(.[0-9]{1,9})?`."""
    cdef Py_ssize_t at = 1 if size and text[0] == b"-" else 0
    cdef Py_ssize_t begin = at
    while at < size and b"0" <= text[at] <= b"9":
        at += 1
    if not 1 <= at - begin <= 18:
        return False
    if at == size:
        return True
    begin = at + 1
    if text[at] != b".":
        return False
    at = begin
    while at < size and b"0" <= text[at] <= b"9":
        at += 1
    return at == size and 1 <= at - begin <= 9


@cython.final
cdef class Number(Sized):
    """A decimal as a text in plain notation.

    The numbers of orders are few and come again and again: those read last are one object by their text, and those
    written last have their text by the object.
    """

    cdef Written written[NUMBERS_WRITTEN]
    cdef dict known

    def __cinit__(self):
        self.known = {}

    def __dealloc__(self):
        cdef int at
        for at in range(NUMBERS_WRITTEN):
            if self.written[at].number is not NULL:
                Py_DECREF(<object>self.written[at].number)

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef Written* entry = &self.written[(<uintptr_t>value >> 4) & (NUMBERS_WRITTEN - 1)]
        if entry.number != value or value is NULL:
            self.remember(entry, value)
        return out.put_sized(entry.text, entry.size)

    cdef int remember(self, Written* entry, PyObject* value) except -1:
        """Put the number's text in the place of another's."""
        cdef Py_ssize_t size
        cdef const char* text
        if value is NULL or type(<object>value) is not Decimal:
            return refuse(value)
        number = <object>value
        exact = str(number)
        if "E" in exact and abs(number.adjusted()) <= 18:
            exact = format(number, "f")
        text = PyUnicode_AsUTF8AndSize(exact, &size)
        if not is_plain(text, size):
            raise Malformed("invalid-value", NOT_PLAIN.format(shown(str(number))))
        old = entry.number
        Py_INCREF(number)
        entry.number = value
        entry.size = size
        memcpy(entry.text, text, size)
        if old is not NULL:
            Py_DECREF(<object>old)
        return 0

    cdef object read(self, Input message):
        cdef Py_ssize_t size = message.take_length()
        cdef const char* text = message.take(size)
        cdef PyObject* found
        key = PyUnicode_DecodeLatin1(text, size, NULL)
        found = PyDict_GetItemWithError(self.known, key)
        if found is not NULL:
            return <object>found
        if not is_plain(text, size):
            raise Malformed("invalid-value", NOT_PLAIN.format(shown(key)))
        if len(self.known) >= NUMBERS_READ:
            self.known.clear()
        number = self.known[key] = Decimal(key)
        return number


cdef struct Civil:
    int year
    int month
    int day


cdef int64_t days_of(int year, int month, int day):
    """Days since 1 January 1970, by Howard Hinnant's `days_from_civil`: years begin in March, eras have 400."""
    cdef int64_t y = year - (month <= 2)
    cdef int64_t era = y // 400
    cdef int64_t year_of_era = y - era * 400
    cdef int64_t day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


cdef Civil civil_of(int64_t days):
    """The inverse, `civil_from_days`, for the years 1 to 9999."""
    cdef int64_t shifted = days + 719_468
    cdef int64_t era = shifted // 146_097
    cdef int64_t day_of_era = shifted - era * 146_097
    cdef int64_t year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    cdef int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    cdef int64_t month = (5 * day_of_year + 2) // 153
    cdef Civil civil
    civil.day = day_of_year - (153 * month + 2) // 5 + 1
    civil.month = month + (3 if month < 10 else -9)
    civil.year = year_of_era + era * 400 + (civil.month <= 2)
    return civil


@cython.final
cdef class Day(Long):
    """A date as days since 1970."""

    cdef int write(self, Output out, PyObject* value) except -1:
        if value is NULL or not PyDate_Check(<object>value):
            return refuse(value)
        return out.put_long(days_of(date_year(<object>value), date_month(<object>value), date_day(<object>value)))

    cdef object read(self, Input message):
        cdef int64_t days = message.take_long()
        cdef Civil civil
        if not FIRST_DAY <= days <= LAST_DAY:
            raise Malformed("invalid-value", f"{days} days since 1970 is outside the years 1 to 9999")
        civil = civil_of(days)
        return date_new(civil.year, civil.month, civil.day)


@cython.final
cdef class Moment(Long):
    """A moment as microseconds since 1970."""

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef int64_t seconds
        if value is NULL or not PyDateTime_Check(<object>value):
            return refuse(value)
        moment = <object>value
        if datetime_tzinfo(moment) is not UTC:
            if moment.utcoffset() is None:
                raise Malformed("invalid-value", f"{moment} has no time zone")
            try:
                moment = moment.astimezone(UTC)
            except OverflowError:
                raise Malformed("invalid-value", f"{moment} is outside the years 1 to 9999 in UTC") from None
        seconds = days_of(datetime_year(moment), datetime_month(moment), datetime_day(moment)) * 86_400
        seconds += datetime_hour(moment) * 3_600 + datetime_minute(moment) * 60 + datetime_second(moment)
        return out.put_long(seconds * 1_000_000 + datetime_microsecond(moment))

    cdef object read(self, Input message):
        cdef int64_t micros = message.take_long()
        cdef int64_t days = micros // DAY_MICROS
        cdef int64_t of_day = micros % DAY_MICROS
        cdef int second
        cdef Civil civil
        if of_day < 0:  # C rounds towards zero
            of_day += DAY_MICROS
            days -= 1
        if not FIRST_DAY <= days <= LAST_DAY:
            raise Malformed("invalid-value", f"{micros} us since 1970 is outside the years 1 to 9999")
        civil = civil_of(days)
        second = of_day // 1_000_000
        return datetime_new(
            civil.year, civil.month, civil.day, second // 3_600, second // 60 % 60, second % 60, of_day % 1_000_000, UTC
        )


@cython.final
cdef class Choice(Sized):
    """One of a few texts, as a text."""

    cdef dict codes
    cdef dict texts

    def __init__(self, values):
        self.texts = {value.encode().decode("latin-1"): value for value in values}
        self.codes = {value: _encoded(value) for value in values}

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef PyObject* code
        if value is NULL or not PyUnicode_Check(<object>value):
            return refuse(value)
        code = PyDict_GetItemWithError(self.codes, <object>value)
        if code is NULL:
            return self.refuse(<object>value)
        return out.put(PyBytes_AS_STRING(<object>code), PyBytes_GET_SIZE(<object>code))

    cdef object read(self, Input message):
        cdef Py_ssize_t size = message.take_length()
        text = PyUnicode_DecodeLatin1(message.take(size), size, NULL)
        cdef PyObject* found = PyDict_GetItemWithError(self.texts, text)
        if found is NULL:
            self.refuse(text)
        return <object>found

    cdef int refuse(self, object text) except -1:
        raise Malformed("invalid-value", f"{shown(text)} is not one of {', '.join(self.codes)}")


def _encoded(text):
    cdef Output out = Output()
    Text().write(out, <PyObject*>text)
    return PyBytes_FromStringAndSize(out.data, out.size)


# --- values of values ------------------------------------------------------------------------------------

@cython.final
cdef class Maybe(Value):
    """A union of null and another: a byte, 0 or 2, and where it is 2 the other."""

    cdef Value of

    def __init__(self, Value of not None):
        self.of = of

    cdef int write(self, Output out, PyObject* value) except -1:
        if value == Py_None:
            return out.put_byte(0)
        out.put_byte(2)
        return self.of.write(out, value)

    cdef object read(self, Input message):
        cdef int64_t branch = message.take_long()
        if branch == 0:
            return None
        if branch != 1:
            raise Malformed("invalid-value", f"branch {branch} of a union of two")
        return self.of.read(message)

    cdef int rewrite(self, Output out, PyObject* value, PyObject* old, Input was) except -1:
        if value == old or value == Py_None or old == Py_None:
            return Value.rewrite(self, out, value, old, was)
        was.take(1)
        out.put_byte(2)
        return self.of.rewrite(out, value, old, was)

    cdef int skip(self, Input message) except -1:
        if message.take_long() != 0:
            self.of.skip(message)
        return 0


@cython.final
cdef class Many(Value):
    """An array: blocks of a count and so many items, until a count of 0. Each item takes at least a byte."""

    cdef Value of

    def __init__(self, Value of not None):
        self.of = of

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t count
        if value is NULL or not PyTuple_Check(<object>value):
            return refuse(value)
        count = PyTuple_GET_SIZE(<object>value)
        if count == 0:
            return out.put_byte(0)
        out.put_long(count)
        try:
            for at in range(count):
                self.of.write(out, PyTuple_GET_ITEM(<object>value, at))
        except Malformed as error:
            raise located(error, f"[{at}]") from None
        return out.put_byte(0)

    cdef object read(self, Input message):
        cdef list items = []
        cdef int64_t count = message.take_long()
        if count == 0:
            return ()
        while count != 0:
            if count < 0:  # a block that says how many bytes it has
                message.take_long()
            try:
                while count != 0:
                    items.append(self.of.read(message))
                    count += 1 if count < 0 else -1
            except Malformed as error:
                raise located(error, f"[{len(items)}]") from None
            count = message.take_long()
        return tuple(items)

    cdef int rewrite(self, Output out, PyObject* value, PyObject* old, Input was) except -1:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t count, before
        if value == old or value is NULL or not PyTuple_Check(<object>value) or not PyTuple_GET_SIZE(<object>value):
            return Value.rewrite(self, out, value, old, was)
        count = PyTuple_GET_SIZE(<object>value)
        before = was.take_long()
        if not PyTuple_Check(<object>old) or before != PyTuple_GET_SIZE(<object>old):
            raise Malformed("invalid-value", "the message of what it replaces has another length")
        out.put_long(count)
        try:
            for at in range(min(count, before)):
                self.of.rewrite(out, PyTuple_GET_ITEM(<object>value, at), PyTuple_GET_ITEM(<object>old, at), was)
            for at in range(before, count):
                self.of.write(out, PyTuple_GET_ITEM(<object>value, at))
        except Malformed as error:
            raise located(error, f"[{at}]") from None
        for at in range(count, before):
            self.of.skip(was)
        if before:
            was.take(1)
        return out.put_byte(0)

    cdef int skip(self, Input message) except -1:
        cdef int64_t count = message.take_long()
        while count != 0:
            if count < 0:
                message.take(message.take_length())
            else:
                for _ in range(count):
                    self.of.skip(message)
            count = message.take_long()
        return 0


@cython.final
cdef class Record(Value):
    """A struct: its fields one after the other."""

    cdef object struct
    cdef tuple names
    cdef list values
    cdef Py_ssize_t count
    cdef Py_ssize_t offsets[MOST_FIELDS]

    def __init__(self, struct, names, values):
        if len(names) > MOST_FIELDS:
            raise ConfigError(f"{struct.__name__} has {len(names)} fields; a record has at most {MOST_FIELDS}.")
        self.struct = struct
        self.names = tuple(names)
        self.values = list(values)
        self.count = len(names)
        for at, name in enumerate(names):
            self.offsets[at] = _offset(struct, name)

    cdef int write(self, Output out, PyObject* value) except -1:
        cdef Py_ssize_t at = 0
        if value is NULL or not PyObject_TypeCheck(<object>value, <PyTypeObject*>self.struct):
            return refuse(value)
        try:
            for at in range(self.count):
                (<Value>PyList_GET_ITEM(self.values, at)).write(out, (<PyObject**>(<char*>value + self.offsets[at]))[0])
        except Malformed as error:
            raise located(error, self.names[at]) from None
        return 0

    cdef object read(self, Input message):
        cdef PyObject* parts[MOST_FIELDS]
        cdef Py_ssize_t done = 0
        cdef Py_ssize_t at
        try:
            while done < self.count:
                part = (<Value>PyList_GET_ITEM(self.values, done)).read(message)
                Py_INCREF(part)
                parts[done] = <PyObject*>part
                done += 1
            return PyObject_Vectorcall(self.struct, parts, 0, self.names)
        except Malformed as error:
            raise located(error, self.names[done]) from None
        finally:
            for at in range(done):
                Py_DECREF(<object>parts[at])

    cdef int rewrite(self, Output out, PyObject* value, PyObject* old, Input was) except -1:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t same = was.at  # from here on nothing has changed
        cdef PyObject* part
        cdef PyObject* before
        if value == old or value is NULL or Py_TYPE(<object>value) is not Py_TYPE(<object>old):
            return Value.rewrite(self, out, value, old, was)
        try:
            for at in range(self.count):
                part = (<PyObject**>(<char*>value + self.offsets[at]))[0]
                before = (<PyObject**>(<char*>old + self.offsets[at]))[0]
                if part is NULL or before is NULL:
                    refuse(NULL)
                if part == before:
                    (<Value>PyList_GET_ITEM(self.values, at)).skip(was)
                    continue
                out.put(<const char*>was.data + same, was.at - same)
                (<Value>PyList_GET_ITEM(self.values, at)).rewrite(out, part, before, was)
                same = was.at
        except Malformed as error:
            raise located(error, self.names[at]) from None
        return out.put(<const char*>was.data + same, was.at - same)

    cdef int skip(self, Input message) except -1:
        cdef Py_ssize_t at
        for at in range(self.count):
            (<Value>PyList_GET_ITEM(self.values, at)).skip(message)
        return 0


def _offset(struct, str name):
    """Where a struct has a field, in bytes from where it begins."""
    for base in struct.__mro__:
        member = base.__dict__.get(name)
        if member is not None:
            break
    if Py_TYPE(member) is not &PyMemberDescr_Type:
        raise ConfigError(f"{struct.__name__}.{name} is not a slot of the struct.")
    return (<PyMemberDescrObject*>member).d_member.offset


# --- from shapes to values -------------------------------------------------------------------------------

@cython.final
cdef class Layouts:
    """Makes what writes and reads a record; all that it makes share what they know of numbers."""

    cdef dict scalars

    def __init__(self):
        scalar = shapes.Scalar
        self.scalars = {
            scalar.TEXT: Text(), scalar.NUMBER: Number(), scalar.FLAG: Flag(), scalar.WHOLE: Whole(),
            scalar.DAY: Day(), scalar.INSTANT: Moment(), scalar.RAW: Raw(),
        }

    def layout(self, record, bytes head not None):
        """What writes and reads a record. Raises ConfigError for a struct with too many fields."""
        return Layout(record.name, head, self.value_of(record))

    cdef Value value_of(self, shape):
        if isinstance(shape, shapes.Scalar):
            return self.scalars[shape]
        if isinstance(shape, shapes.Choice):
            return Choice(shape.values)
        if isinstance(shape, shapes.Maybe):
            return Maybe(self.value_of(shape.of))
        if isinstance(shape, shapes.Many):
            return Many(self.value_of(shape.of))
        return Record(
            shape.struct, [field.name for field in shape.fields], [self.value_of(field.shape) for field in shape.fields]
        )


@cython.final
cdef class Layout:
    """Writes and reads messages of one record type, which all begin with the same bytes."""

    cdef readonly str name
    cdef bytes head
    cdef Value value

    def __init__(self, str name, bytes head not None, Value value not None):
        self.name = name
        self.head = head
        self.value = value

    def write(self, value):
        """The message of a struct. Raises Malformed."""
        cdef Output out = Output()
        out.put(PyBytes_AS_STRING(self.head), PyBytes_GET_SIZE(self.head))
        self.value.write(out, <PyObject*>value)
        return PyBytes_FromStringAndSize(out.data, out.size)

    def rewrite(self, value, old, bytes written not None):
        """The message of a struct that replaces another, `old`, of which the message is at hand. Raises Malformed."""
        cdef Output out = Output()
        if not written.startswith(self.head):
            return self.write(value)
        out.put(PyBytes_AS_STRING(self.head), PyBytes_GET_SIZE(self.head))
        self.value.rewrite(out, <PyObject*>value, <PyObject*>old, self.opened(written))
        return PyBytes_FromStringAndSize(out.data, out.size)

    cdef Input opened(self, bytes raw):
        """The message, behind its head."""
        cdef Input message = Input.__new__(Input)
        message.raw = raw
        message.data = <const uint8_t*>PyBytes_AS_STRING(raw)
        message.size = PyBytes_GET_SIZE(raw)
        message.at = PyBytes_GET_SIZE(self.head)
        return message

    def read(self, bytes raw not None):
        """The struct of a message that begins as it should, and where it ends. Raises Malformed."""
        cdef Input message = self.opened(raw)
        value = self.value.read(message)
        return value, message.at
