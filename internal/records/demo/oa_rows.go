package demo

// The rows of the office are named after their tables, as those of purchasing are. Moments are UTC text.
type (
	// Employee works in a department, in a country with its own holidays and in a time zone.
	Employee struct {
		ID           string  `column:"id"`
		Name         string  `column:"name"`
		NameLocal    string  `column:"name_local"`
		Title        string  `column:"title"`
		TitleLocal   string  `column:"title_local"`
		DepartmentID string  `column:"department_id"`
		ManagerID    *string `column:"manager_id"`
		Mail         string  `column:"mail"`
		Country      string  `column:"country"`
		TimeZone     string  `column:"time_zone"`
		WorksFrom    string  `column:"works_from"`
		WorksTo      string  `column:"works_to"`
	}
	// Room is where people meet.
	Room struct {
		ID        string `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Site      string `column:"site"`
		Capacity  int    `column:"capacity"`
	}
	// RoomEquipment is one thing that a room has.
	RoomEquipment struct {
		RoomID    string `column:"room_id"`
		Equipment string `column:"equipment"`
	}
	// CalendarEvent is a meeting.
	CalendarEvent struct {
		ID          string  `column:"id"`
		Title       string  `column:"title"`
		OrganizerID string  `column:"organizer_id"`
		RoomID      *string `column:"room_id"`
		StartsAt    string  `column:"starts_at"`
		EndsAt      string  `column:"ends_at"`
		Status      string  `column:"status"`
	}
	// CalendarAttendee takes part in a meeting.
	CalendarAttendee struct {
		EventID    string `column:"event_id"`
		EmployeeID string `column:"employee_id"`
	}
	// Mail lies in the inbox of an employee.
	Mail struct {
		ID          string `column:"id"`
		MailboxID   string `column:"mailbox_id"`
		FromName    string `column:"from_name"`
		FromAddress string `column:"from_address"`
		Subject     string `column:"subject"`
		Body        string `column:"body"`
		ReceivedAt  string `column:"received_at"`
	}
	// LeaveKind is a kind of leave with its rules.
	LeaveKind struct {
		ID         string `column:"id"`
		Name       string `column:"name"`
		NameLocal  string `column:"name_local"`
		Limited    int    `column:"limited"`
		NoticeDays int    `column:"notice_days"`
		Longest    int    `column:"longest"`
	}
	// LeaveEntitlement is what an employee may take of a kind in a year.
	LeaveEntitlement struct {
		EmployeeID  string `column:"employee_id"`
		Year        int    `column:"year"`
		Kind        string `column:"kind"`
		Days        int    `column:"days"`
		CarriedDays int    `column:"carried_days"`
	}
	// LeaveRequest is leave that was asked for, and what came of it.
	LeaveRequest struct {
		ID          string `column:"id"`
		EmployeeID  string `column:"employee_id"`
		Kind        string `column:"kind"`
		FirstDay    string `column:"first_day"`
		LastDay     string `column:"last_day"`
		Status      string `column:"status"`
		Reason      string `column:"reason"`
		RequestedOn string `column:"requested_on"`
	}
	// PublicHoliday is a day off, or a day of a weekend that is worked in exchange.
	PublicHoliday struct {
		Country   string `column:"country"`
		Day       string `column:"day"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Works     int    `column:"works"`
	}
	// LeaveBlackout is a time in which a department (or all, when nil) takes no annual leave.
	LeaveBlackout struct {
		ID           int     `column:"id"`
		DepartmentID *string `column:"department_id"`
		FirstDay     string  `column:"first_day"`
		LastDay      string  `column:"last_day"`
		Reason       string  `column:"reason"`
	}
	// CompanyDocument is a document that people look for.
	CompanyDocument struct {
		ID           string `column:"id"`
		Title        string `column:"title"`
		TitleLocal   string `column:"title_local"`
		Kind         string `column:"kind"`
		Path         string `column:"path"`
		Summary      string `column:"summary"`
		SummaryLocal string `column:"summary_local"`
		OwnerID      string `column:"owner_id"`
		UpdatedOn    string `column:"updated_on"`
		Status       string `column:"status"`
	}
	// MailDraft is a mail that waits to be sent.
	MailDraft struct {
		ID        string  `column:"id"`
		FromID    string  `column:"from_id"`
		Subject   string  `column:"subject"`
		Body      string  `column:"body"`
		InReplyTo *string `column:"in_reply_to"`
		Status    string  `column:"status"`
		DraftedOn string  `column:"drafted_on"`
	}
	// MailDraftRecipient is one address of a draft.
	MailDraftRecipient struct {
		DraftID string `column:"draft_id"`
		Line    int    `column:"line"`
		Copy    int    `column:"copy"`
		Address string `column:"address"`
	}
	// Reminder is what an employee is to be reminded of.
	Reminder struct {
		ID         string `column:"id"`
		EmployeeID string `column:"employee_id"`
		RemindAt   string `column:"remind_at"`
		Text       string `column:"text"`
		Status     string `column:"status"`
	}
)

// OfficeRows are all rows of the office, in the order in which the tables must be filled.
type OfficeRows struct {
	Employees           []Employee           `table:"employees"`
	Rooms               []Room               `table:"rooms"`
	RoomEquipment       []RoomEquipment      `table:"room_equipment"`
	CalendarEvents      []CalendarEvent      `table:"calendar_events"`
	CalendarAttendees   []CalendarAttendee   `table:"calendar_attendees"`
	Mails               []Mail               `table:"mails"`
	LeaveKinds          []LeaveKind          `table:"leave_kinds"`
	LeaveEntitlements   []LeaveEntitlement   `table:"leave_entitlements"`
	LeaveRequests       []LeaveRequest       `table:"leave_requests"`
	PublicHolidays      []PublicHoliday      `table:"public_holidays"`
	LeaveBlackouts      []LeaveBlackout      `table:"leave_blackouts"`
	CompanyDocuments    []CompanyDocument    `table:"company_documents"`
	MailDrafts          []MailDraft          `table:"mail_drafts"`
	MailDraftRecipients []MailDraftRecipient `table:"mail_draft_recipients"`
	Reminders           []Reminder           `table:"reminders"`
}
