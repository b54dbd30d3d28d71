"""Every page of the console's own: its address, and who may open it."""

from madoguchi import OpenPage
from madoguchi_console import (
    audit_pages,
    calendar_pages,
    enrolling,
    entering,
    home,
    live,
    me,
    resident_pages,
    settings_pages,
    staff_pages,
    words,
)
from madoguchi_console.page import ConsolePage
from madoguchi_console.people import ANYBODY

POST = ("POST",)

OPEN = [
    OpenPage("/login", entering.show_login),
    OpenPage("/login", entering.log_in, POST),
    OpenPage("/login/code", entering.show_code),
    OpenPage("/login/code", entering.take_code, POST),
    OpenPage("/login/second", enrolling.show_second),
    OpenPage("/login/second", enrolling.take_second, POST),
    OpenPage("/login/sample", entering.enter_as_sample, POST),
    OpenPage("/login/welcome", enrolling.show_welcome),
    OpenPage("/login/welcome", enrolling.take_welcome, POST),
    OpenPage("/login/end", entering.log_out, POST),
]
"""Before the login."""

EVERYBODYS = [
    ConsolePage("", home.show_home, ANYBODY),
    ConsolePage("/", home.show_home, ANYBODY),
    ConsolePage("/live", live.follow, ANYBODY),
    ConsolePage("/me", me.show_me, ANYBODY),
    ConsolePage("/me/password", me.change_password, ANYBODY, POST),
    ConsolePage("/me/sessions", me.end_session, ANYBODY, POST),
    ConsolePage("/me/second", me.show_second, ANYBODY),
    ConsolePage("/me/second", me.take_second, ANYBODY, POST),
    ConsolePage("/me/second/password", me.ask_password, ANYBODY, POST),
    ConsolePage("/me/kept", home.show_kept, ANYBODY),
    ConsolePage("/me/kept", home.drop_kept, ANYBODY, POST),
    ConsolePage("/unanswered", words.show_words, ANYBODY, menu="答えられなかった言葉"),
    ConsolePage("/calendar", calendar_pages.show_calendar, ANYBODY, menu="カレンダー"),
]

RESIDENTS = "console.residents"
OFFICES = [
    ConsolePage("/residents", resident_pages.show_search, RESIDENTS, menu="住民の情報"),
    ConsolePage("/residents", resident_pages.find_by_number, RESIDENTS, POST),
    ConsolePage("/residents/code", resident_pages.find_by_code, RESIDENTS, POST),
    ConsolePage("/residents/{number:int}", resident_pages.show_resident, RESIDENTS),
    ConsolePage("/residents/{number:int}/copy", resident_pages.give_copy, RESIDENTS, POST),
    ConsolePage("/residents/{number:int}/erase", resident_pages.show_erasure, RESIDENTS),
    ConsolePage("/residents/{number:int}/erase", resident_pages.erase, RESIDENTS, POST),
]

STAFF, SETTINGS = "console.staff", "console.settings"
ADMINISTRATORS = [
    ConsolePage("/staff", staff_pages.show_people, STAFF, menu="職員"),
    ConsolePage("/staff/new", staff_pages.show_new, STAFF),
    ConsolePage("/staff/new", staff_pages.make_person, STAFF, POST),
    ConsolePage("/staff/{number:int}", staff_pages.show_person, STAFF),
    ConsolePage("/staff/{number:int}", staff_pages.change_person, STAFF, POST),
    ConsolePage("/staff/{number:int}/permissions", staff_pages.change_grants, STAFF, POST),
    ConsolePage("/staff/{number:int}/slip", staff_pages.invite, STAFF, POST),
    ConsolePage("/staff/{number:int}/sessions", staff_pages.end_sessions, STAFF, POST),
    ConsolePage("/sections", staff_pages.show_sections, STAFF, menu="課・係"),
    ConsolePage("/sections", staff_pages.make_section, STAFF, POST),
    ConsolePage("/sections/{number:int}", staff_pages.show_section, STAFF),
    ConsolePage("/sections/{number:int}", staff_pages.change_section, STAFF, POST),
    ConsolePage("/settings", settings_pages.show_owners, SETTINGS, menu="設定"),
    ConsolePage("/settings/{owner}", settings_pages.show_settings, SETTINGS),
    ConsolePage("/settings/{owner}", settings_pages.look_settings, SETTINGS, POST),
    ConsolePage("/settings/{owner}/save", settings_pages.save_settings, SETTINGS, POST),
    ConsolePage("/settings/{owner}/history", settings_pages.show_history, SETTINGS),
    ConsolePage("/settings/{owner}/history", settings_pages.look_undo, SETTINGS, POST),
    ConsolePage("/resume", home.go_on, "console.resume", POST),
    ConsolePage("/audit", audit_pages.show_audit, "console.audit", menu="操作記録"),
    ConsolePage("/calendar", calendar_pages.change_calendar, "console.calendar", POST),
]
