# CPython that was built without its shared library: what it needs beside, and the names that its modules look for in the
# program. Include it after find_package(Python).
if(Python_LIBRARIES MATCHES "[.]a$")
  set_property(TARGET Python::Python APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
  set_property(TARGET Python::Python APPEND PROPERTY INTERFACE_LINK_OPTIONS
    "LINKER:--export-dynamic-symbol=Py*" "LINKER:--export-dynamic-symbol=_Py*")
endif()
