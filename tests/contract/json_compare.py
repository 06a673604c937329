#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares Mu's JSON mapping with Google's, on random messages, both ways.

For each message: Google's JSON, read by Mu as JSON and as YAML, must be the message; Mu's JSON, read by
Google, must be the message; and Mu's JSON, read by Mu, must be the message again. Texts that Google refuses must be refused.

    json_compare.py DRIVER SET [SEED]
"""
import json
import random
import re
import string
import struct
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

TYPE = "everything.v1.Everything"
FIXED_SEED = 20240131
MESSAGES = 2000  # of each of the two seeds; four conversions each
SPECIAL = {
    "int32": [0, 1, -1, 127, 128, 2**31 - 1, -(2**31)],
    "int64": [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    "uint32": [0, 1, 127, 128, 2**32 - 1],
    "uint64": [0, 1, 2**53 + 1, 2**63, 2**64 - 1],
    "double": [0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, 1e-7, 123456789.125, float("inf"), float("-inf"),
               float("nan"), 1.7976931348623157e308, 1e21, 2.0**53],
    "float": [0.0, -0.0, 1.0, 0.5, 16777216.0, float("inf"), float("-inf"), float("nan")],
}
LETTERS = string.printable.replace("\x00", "") + "äöß€漢字😀\u2028\x7f\x80\x9f\"\\/"


class Driver:
    def __init__(self, path, descriptor_set):
        self.process = subprocess.Popen([path, descriptor_set, TYPE],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, command, data):
        pipe = self.process
        pipe.stdin.write(command + struct.pack("<I", len(data)) + data)
        pipe.stdin.flush()
        head = pipe.stdout.read(5)
        assert len(head) == 5, "the driver died"
        sign, size = head[:1], struct.unpack("<I", head[1:])[0]
        answer = pipe.stdout.read(size)
        return answer if sign == b"+" else None, answer.decode() if sign == b"-" else None

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


class Maker:
    """Random values for the fields of a message."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return "".join(self.random.choice(LETTERS) for _ in range(self.random.choice([0, 1, 3, 20])))

    def data(self):
        return self.random.randbytes(self.random.choice([0, 1, 2, 3, 16]))

    def whole(self, kind):
        bits = 32 if kind.endswith("32") else 64
        if self.random.random() < 0.4:
            return self.random.choice(SPECIAL[kind])
        if kind.startswith("u"):
            return self.random.getrandbits(self.random.randint(1, bits))
        return self.random.getrandbits(self.random.randint(1, bits - 1)) * self.random.choice([1, -1])

    def real(self, kind):
        if self.random.random() < 0.4:
            return self.random.choice(SPECIAL[kind])
        if kind == "float":
            return struct.unpack("<f", struct.pack("<f", self.random.uniform(-1e6, 1e6)))[0]
        return self.random.uniform(-1, 1) * 10 ** self.random.randint(-300, 300)

    def scalar(self, field):
        f = field
        kinds = {f.TYPE_INT32: "int32", f.TYPE_SINT32: "int32", f.TYPE_SFIXED32: "int32",
                 f.TYPE_INT64: "int64", f.TYPE_SINT64: "int64", f.TYPE_SFIXED64: "int64",
                 f.TYPE_UINT32: "uint32", f.TYPE_FIXED32: "uint32",
                 f.TYPE_UINT64: "uint64", f.TYPE_FIXED64: "uint64"}
        if f.type in kinds:
            return self.whole(kinds[f.type])
        if f.type == f.TYPE_DOUBLE:
            return self.real("double")
        if f.type == f.TYPE_FLOAT:
            return self.real("float")
        if f.type == f.TYPE_BOOL:
            return self.random.random() < 0.5
        if f.type == f.TYPE_STRING:
            return self.text()
        if f.type == f.TYPE_BYTES:
            return self.data()
        if f.enum_type.name == "NullValue":
            return 0
        return self.random.choice([v.number for v in f.enum_type.values] + [77, -77])

    def plain(self, depth):
        """What a google.protobuf.Value can hold."""
        kind = self.random.randrange(6 if depth < 3 else 4)
        if kind == 0:
            return None
        if kind == 1:
            return self.random.choice([0.0, 1.5, -3.0, 1e40, 12345678.0])
        if kind == 2:
            return self.text()
        if kind == 3:
            return self.random.random() < 0.5
        if kind == 4:
            return [self.plain(depth + 1) for _ in range(self.random.randrange(3))]
        return {self.text(): self.plain(depth + 1) for _ in range(self.random.randrange(3))}

    def well_known(self, message):
        name = message.DESCRIPTOR.name
        if name == "Timestamp":
            message.seconds = self.random.choice(
                [0, 1, -1, -62135596800, 253402300799, self.random.randint(-62135596800, 253402300799)])
            message.nanos = self.random.choice([0, 1, 999999999, 500000000, 1000, 123456000])
        elif name == "Duration":
            message.seconds = self.random.choice(
                [0, 1, -1, 315576000000, -315576000000, self.random.randint(-10**9, 10**9)])
            nanos = self.random.choice([0, 1, 999999999, 500000000, 1000, 123456000])
            message.nanos = -nanos if message.seconds < 0 or self.random.random() < 0.3 else nanos
            if message.seconds > 0:
                message.nanos = abs(message.nanos)
        elif name == "FieldMask":
            for _ in range(self.random.randrange(3)):
                message.paths.append(self.random.choice(["a", "user.display_name", "a_b_c", "x1.y2"]))
        else:
            json_format.ParseDict(self.value_of(name), message)

    def value_of(self, name):
        value = self.plain(0)
        if name == "Struct":
            return value if isinstance(value, dict) else {}
        if name == "ListValue":
            return value if isinstance(value, list) else []
        return value

    def fill(self, message, depth=0):
        descriptor = message.DESCRIPTOR
        chance = self.random.choice([0.05, 0.05, 0.15, 0.6]) if depth == 0 else 0.3
        for field in descriptor.fields:
            if self.random.random() > chance:
                continue
            if field.message_type and depth > 3:
                continue
            self.fill_field(message, field, depth)

    def fill_message(self, message, depth):
        name = message.DESCRIPTOR.full_name
        message.SetInParent()
        if name.startswith("google.protobuf.") and not name.endswith("Empty") and \
                (not name.endswith("Value") or name in ("google.protobuf.Value", "google.protobuf.ListValue")):
            self.well_known(message)
        else:
            self.fill(message, depth + 1)

    def fill_field(self, message, field, depth):
        if field.message_type and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(self.random.randrange(4)):
                k = self.scalar(key)
                if value.message_type:
                    self.fill_message(getattr(message, field.name)[k], depth)
                else:
                    getattr(message, field.name)[k] = self.scalar(value)
        elif field.label == field.LABEL_REPEATED:
            for _ in range(self.random.randrange(4)):
                if field.message_type:
                    self.fill_message(getattr(message, field.name).add(), depth)
                else:
                    getattr(message, field.name).append(self.scalar(field))
        elif field.message_type:
            self.fill_message(getattr(message, field.name), depth)
        else:
            setattr(message, field.name, self.scalar(field))


# Texts whose fate must be the same here and there.
TEXTS = [
    '{}', '[]', 'null', '1', '"x"', '', ' ', '{', '}', '{"a"}', '{"anInt32":}', '{"anInt32":1,}', '{anInt32:1}',
    "{'anInt32':1}", '{"anInt32":1}x', '{"anInt32":01}', '{"anInt32":1.0}', '{"anInt32":1e2}', '{"anInt32":1.5}',
    '{"anInt32":2147483647}', '{"anInt32":2147483648}', '{"anInt32":-2147483648}', '{"anInt32":-2147483649}',
    '{"anInt32":"12"}', '{"anInt32":"x"}', '{"anInt32":""}', '{"anInt32":true}', '{"anInt32":null}',
    '{"anInt32":[]}', '{"anInt32":{}}', '{"an_int32":5}', '{"anInt32":1,"an_int32":2}', '{"anInt32":1,"anInt32":2}',
    '{"aUint32":-1}', '{"aUint32":4294967295}', '{"aUint32":4294967296}', '{"aUint64":18446744073709551615}',
    '{"aUint64":"18446744073709551615"}', '{"aUint64":18446744073709551616}', '{"anInt64":"-9223372036854775808"}',
    '{"anInt64":9223372036854775808}', '{"aFixed64":"1"}', '{"aBool":true}', '{"aBool":"true"}', '{"aBool":1}',
    '{"aDouble":1}', '{"aDouble":"1.5"}', '{"aDouble":"NaN"}', '{"aDouble":"Infinity"}', '{"aDouble":"-Infinity"}',
    '{"aDouble":NaN}', '{"aDouble":"x"}', '{"aDouble":-0.0}', '{"aDouble":true}', '{"aDouble":1e-400}',
    '{"aFloat":1e39}', '{"aFloat":3.4e38}', '{"aString":1}', '{"aString":true}', '{"aString":"\\ud83d\\ude00"}',
    '{"aString":"\\ud83d"}', '{"aString":"\\x"}', '{"aString":"\t"}', '{"someBytes":"AQI="}', '{"someBytes":"AQI"}',
    '{"someBytes":"-_-_"}', '{"someBytes":"+/+/"}', '{"someBytes":"A"}', '{"someBytes":1}', '{"mood":"MOOD_SAD"}',
    '{"mood":2}', '{"mood":77}', '{"mood":"MOOD_BAD"}', '{"mood":1.5}', '{"mood":true}', '{"mood":null}',
    '{"leaf":{"text":"x"}}', '{"leaf":null}', '{"leaf":[]}', '{"leaf":1}', '{"leaf":{"nope":1}}', '{"nope":1}',
    '{"maybeInt32":0}', '{"maybeInt32":null}', '{"maybeString":""}', '{"maybeLeaf":{}}', '{"int32s":[1,2]}',
    '{"int32s":[]}', '{"int32s":null}', '{"int32s":[null]}', '{"int32s":1}', '{"int32s":{}}', '{"leaves":[{}]}',
    '{"leaves":[null]}', '{"byInt32":{"1":2}}', '{"byInt32":{"x":2}}', '{"byInt32":{"1":null}}', '{"byInt32":[]}',
    '{"byInt32":null}', '{"byInt32":{"1":2,"1":3}}', '{"byBool":{"true":"x"}}', '{"byBool":{"1":"x"}}',
    '{"byString":{"":{}}}', '{"chosenInt32":0}', '{"chosenInt32":1,"chosenString":"x"}',
    '{"chosenInt32":null,"chosenString":"x"}', '{"chosenNull":null}', '{"chosenEmpty":{}}', '{"chosenLeaf":{}}',
    '{"chosenNull":"NULL_VALUE"}', '{"chosenNull":0}', '{"chosenNull":1}',
    '{"time":"2024-01-31T12:00:00Z"}', '{"time":"2024-02-30T12:00:00Z"}',
    '{"time":"2024-01-31T12:00:00.123456789Z"}', '{"time":"2024-01-31T12:00:00+01:30"}', '{"time":"2024-01-31"}',
    '{"time":"0001-01-01T00:00:00Z"}', '{"time":"9999-12-31T23:59:59.999999999Z"}', '{"time":1}', '{"time":null}',
    '{"time":"2024-01-31T12:00:00"}', '{"time":"x"}', '{"duration":"1.5s"}', '{"duration":"-0.5s"}', '{"duration":"1"}',
    '{"duration":"315576000001s"}', '{"duration":1}', '{"duration":"0.0000000001s"}', '{"empty":{}}',
    '{"empty":{"x":1}}', '{"empty":1}', '{"mask":"a,b.cD"}', '{"mask":""}', '{"mask":"a,,b,"}', '{"mask":","}', '{"mask":"a_b"}', '{"mask":1}',
    '{"int32Value":0}', '{"int32Value":"7"}', '{"int32Value":null}', '{"int32Value":{"value":1}}',
    '{"stringValue":"x"}', '{"bytesValue":"AQI="}', '{"boolValue":false}', '{"int32Values":[1,2]}',
    '{"aStruct":{"a":1,"b":[true,null,"x",{}]}}', '{"aStruct":[]}', '{"anyValue":null}', '{"anyValue":1.5}',
    '{"anyValue":[1,[2,[3]]]}', '{"aList":[1,"x",null]}', '{"aList":{}}', '{"a custom \\"name\\"":"x"}',
    '{"custom":"x"}', '{"with2Digits":1}', '{"with_2_digits":1}', '{"Under":1}', '{"_under":1}',
    '{"inner":{"again":{"inner":{}}}}', '{"loose":[1,2,3]}', '{"aDouble":1.7976931348623157e309}',
]

# What Google's Python reader takes and Mu refuses on purpose.
STRICTER = {
    '[]': "no message is a list; Python's loop over its fields just finds none",
    '{"leaf":[]}': "the same",
    '{"aDouble":NaN}': "JSON has no NaN; Python's json does",
    '{"aDouble":true}': "true is no number; in Python it is 1",
    '{"mood":true}': "the same",
    '{"mood":1.5}': "no enum has such a value; Python cuts it to 1",
    '{"chosenNull":1}': "NullValue has one value; Python prints any other as null, too",
    '{"anInt32":1,"an_int32":2}': "one field by both of its names",
    '{"duration":"0.0000000001s"}': "there is nothing below a nanosecond; Python rounds",
}


def same(one, other):
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def as_yaml(text):
    """JSON that is YAML, too: YAML has no surrogates, and JSON does not escape all that YAML does."""
    text = json.dumps(json.loads(text), ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028]", lambda match: f"\\u{ord(match.group()):04x}", text)


def compare_message(driver, factory, message):
    """Returns what is wrong, or None."""
    body = message.SerializeToString()
    theirs = json_format.MessageToJson(message)
    result, error = driver.ask(b"J", theirs.encode())
    if error:
        return f"refused Google's JSON: {error}\n{theirs}"
    if not same(factory.FromString(result), message):
        return f"read Google's JSON as something else\n{theirs}\n{factory.FromString(result)}"
    result, error = driver.ask(b"Y", as_yaml(theirs).encode())
    if error or not same(factory.FromString(result), message):
        return f"read it as YAML as something else: {error}\n{as_yaml(theirs)}"
    ours, error = driver.ask(b"B", body)
    if error:
        return f"refused a body: {error}\n{theirs}"
    text = ours.decode()
    if not same(json_format.Parse(text, factory()), message):
        return f"Google read our JSON as something else\n{text}\n{theirs}"
    if json.loads(text) != json.loads(theirs) and "NaN" not in text and not same_numbers(text, theirs):
        return f"our JSON differs\n{text}\n{theirs}"
    again, error = driver.ask(b"J", ours)
    if error or not same(factory.FromString(again), message):
        return f"our own JSON did not come back: {error}\n{text}"
    return None


def same_numbers(ours, theirs):
    """Floats may be printed with other digits that mean the same float: the messages were compared."""
    strip = lambda value: (
        {k: strip(v) for k, v in value.items()} if isinstance(value, dict) else
        [strip(v) for v in value] if isinstance(value, list) else
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else value)
    return strip(json.loads(ours)) == strip(json.loads(theirs))


def compare_text(driver, factory, text):
    try:
        expected = json_format.Parse(text, factory())
    except (json_format.ParseError, TypeError, AttributeError, ValueError):
        expected = None
    result, error = driver.ask(b"J", text.encode())
    if expected is None and error is None:
        return f"took what Google refuses: {text}"
    if expected is not None and error is not None and text not in STRICTER:
        return f"refused what Google takes: {text}: {error}"
    if expected is not None and error is None and not same(factory.FromString(result), expected):
        return f"read as something else: {text}"
    return None


def main():
    driver = Driver(sys.argv[1], sys.argv[2])
    pool = descriptor_pool.DescriptorPool()
    with open(sys.argv[2], "rb") as file:
        for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            pool.Add(proto)
    factory = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(TYPE))
    fresh = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().getrandbits(32)
    failures = [f"text: {wrong}" for wrong in (compare_text(driver, factory, text) for text in TEXTS) if wrong]
    count = len(TEXTS)
    for seed in (FIXED_SEED, fresh):
        maker = Maker(seed)
        for index in range(MESSAGES):
            message = factory()
            maker.fill(message)
            wrong = compare_message(driver, factory, message)
            count += 1
            if wrong:
                failures.append(f"seed {seed} message {index}: {wrong}")
            if len(failures) > 20:
                break
    if driver.close() != 0:
        failures.append("the driver did not end well")
    for failure in failures:
        print(failure)
    print(f"{count} compared, {len(failures)} differ; seeds {FIXED_SEED} and {fresh}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
