package gate

import "reflect"

// Left empties a session, and names what it holds then that one without an earlier
// request does not.
func Left(s *Session) []string {
	s.empty()
	return differ("", reflect.ValueOf(s).Elem(), reflect.ValueOf(new(Gate).room()).Elem())
}

// differ compares what tells: how many a map or slice has, not the memory for more.
func differ(name string, is, want reflect.Value) (out []string) {
	same := true
	switch is.Kind() {
	case reflect.Struct:
		for i := range is.NumField() {
			out = append(out, differ(name+"."+is.Type().Field(i).Name, is.Field(i), want.Field(i))...)
		}
	case reflect.Map, reflect.Slice:
		same = is.Len() == want.Len()
	case reflect.Func:
		same = is.IsNil() == want.IsNil()
	default:
		same = is.Equal(want)
	}
	if !same && name != ".plan.purpose" { // -1 is none
		out = append(out, name)
	}
	return out
}
