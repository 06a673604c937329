# cmake -DINPUT=… -DOUTPUT=… -DNAME=… -P MuEmbed.cmake: a C file that holds the bytes of INPUT as
# `const unsigned char NAME[]`, with `const unsigned long NAME_size`.
cmake_minimum_required(VERSION 3.25)
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)"
  "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "extern const unsigned char ${NAME}[];\nextern const unsigned long ${NAME}_size;\n"
  "const unsigned char ${NAME}[] = {\n${bytes}\n};\n"
  "const unsigned long ${NAME}_size = sizeof(${NAME});\n")
