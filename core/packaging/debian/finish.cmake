# Adds to each package what Debian's policy asks for, before CPack packs it: copyright, changelogs, a compressed manual.
find_program(gzip gzip REQUIRED)

function(compress)
  execute_process(COMMAND ${gzip} -9nf ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The licence as the format of copyright files has it: indented, a dot in empty lines.
function(read_licence result)
  file(READ ${CPACK_HEAPSTER_SOURCE}/LICENSE text)
  string(REGEX REPLACE "^MIT License\n+Copyright[^\n]*\n+" "" text "${text}")
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" "\n " text " ${text}")
  string(REPLACE "\n \n" "\n .\n" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
read_licence(licence)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documents ${usr}/share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  file(WRITE ${documents}/copyright
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    "Upstream-Name: heapster\n\n"
    "Files: *\nCopyright: heapster developers\nLicense: Expat\n${licence}\n")
  file(WRITE ${documents}/changelog.Debian
    "heapster (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * What is new stands in changelog.gz.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  configure_file(${CPACK_HEAPSTER_SOURCE}/CHANGELOG.md ${documents}/changelog COPYONLY)
  compress(${documents}/changelog.Debian ${documents}/changelog)
  file(GLOB manuals ${usr}/share/man/man1/*.1)
  if(manuals)
    compress(${manuals})
  endif()
endforeach()
